// Stands between Wix's SDK and the network: the SDK says https://www.wixapis.com, the sandbox hears it,
// everything else is refused. Must be installed before the SDK is imported, which is why the SDK is
// imported dynamically.
import net from "node:net";

const WIX_HOST = "www.wixapis.com";

/** @returns {{calls: Call[], refused: string[], marked: () => number, since: (mark: number) => Call[]}} */
export function installGateway(baseUrl) {
  const sandbox = new URL(baseUrl);
  const calls = [];
  const refused = [];
  const realFetch = globalThis.fetch;

  globalThis.fetch = async (target, init = {}) => {
    const wanted = new URL(target instanceof Request ? target.url : target);
    if (wanted.host !== WIX_HOST || wanted.protocol !== "https:") {
      refused.push(wanted.host);
      throw new Error(`the SDK asked for ${wanted.origin}; only https://${WIX_HOST} is answered here`);
    }
    const response = await realFetch(new URL(wanted.pathname + wanted.search, sandbox), init);
    const text = await response.clone().text();
    const headers = new Headers(init.headers);
    calls.push({
      method: init.method ?? "GET",
      path: wanted.pathname,
      search: wanted.searchParams,
      rpc: rpcName(headers),
      authorization: headers.get("authorization"),
      siteId: headers.get("wix-site-id"),
      request: init.body ? JSON.parse(init.body) : null,
      status: response.status,
      requestId: response.headers.get("x-wix-request-id"),
      contentType: response.headers.get("content-type"),
      text,
      body: parsed(text),
    });
    return response;
  };

  const realConnect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function connect(...args) {
    const options = Array.isArray(args[0]) ? args[0][0] : args[0];
    const host =
      typeof options === "object" ? (options.host ?? options.path ?? "localhost") : (args[1] ?? "localhost");
    if (host !== sandbox.hostname) {
      refused.push(String(host));
      throw new Error(`a socket to ${host} was asked for; only ${sandbox.hostname} is allowed`);
    }
    return realConnect.apply(this, args);
  };

  return { calls, refused, marked: () => calls.length, since: (mark) => calls.slice(mark) };
}

// The SDK names the remote method of each request in its own telemetry header: the surest key to its schema.
function rpcName(headers) {
  const told = headers.get("x-wix-bi-gateway") ?? "";
  return /method-fqn=([^,]+)/.exec(told)?.[1] ?? null;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
