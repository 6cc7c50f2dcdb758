// Who may ask: both of the SDK's server-side strategies, and what a wrong credential gets.
import { claim, claimRefused } from "./expect.mjs";

const TOKEN_PATH = "/oauth2/token";

export function apiKeyChecks({ gateway, connected, credentials }) {
  return {
    "auth/every-call-carries-the-key-and-the-site": async () => {
      const bare = gateway.calls.filter(
        (call) => call.authorization !== credentials.apiKey || call.siteId !== credentials.siteId,
      );
      claim(gateway.calls.length && !bare.length, `${bare.length} calls without`);
    },
    "auth/a-wrong-key-is-401": () => {
      const { ticketDefinitions } = connected({ apiKey: "wrong", siteId: credentials.siteId });
      return claimRefused(gateway, () => ticketDefinitions.queryTicketDefinitions().find(), { status: 401 });
    },
    "auth/a-key-without-a-site-is-refused": async () => {
      const { ticketDefinitions } = connected({ apiKey: credentials.apiKey });
      const mark = gateway.marked();
      const answered = await ticketDefinitions
        .queryTicketDefinitions()
        .find()
        .then(
          () => true,
          () => false,
        );
      const { status } = gateway.since(mark)[0];
      claim(!answered && status >= 400 && status < 500, `answered ${status}`);
      return String(status);
    },
  };
}

export function appChecks({ gateway, connected, credentials }) {
  return {
    "auth/one-token-serves-every-call": async () => {
      const [token, ...rest] = gateway.calls;
      claim(
        token.path === TOKEN_PATH && token.request.grant_type === "client_credentials",
        `first came ${token.path}`,
      );
      claim(
        rest.every((call) => call.path !== TOKEN_PATH),
        "a second token was asked for",
      );
      claim(
        rest.every((call) => call.authorization === token.body.access_token),
        "a call without the token",
      );
      return `${rest.length} calls`;
    },
    "auth/the-token-answer-is-oauth": async () => {
      const { access_token: token, token_type: type, expires_in: lifetime, ...other } = gateway.calls[0].body;
      claim(
        typeof token === "string" && type === "Bearer" && lifetime === 14_400,
        JSON.stringify({ type, lifetime }),
      );
      claim(!Object.keys(other).length, `keys no one documents: ${Object.keys(other)}`);
    },
    "auth/a-wrong-secret-gets-no-token": async () => {
      const { ticketDefinitions } = connected({ ...credentials, appSecret: "wrong" });
      const mark = gateway.marked();
      const error = await ticketDefinitions
        .queryTicketDefinitions()
        .find()
        .then(
          () => null,
          (caught) => caught,
        );
      const [answer, ...further] = gateway.since(mark);
      claim(
        answer.path === TOKEN_PATH && answer.status >= 400 && answer.status < 500 && !further.length,
        `answered ${answer.status}`,
      );
      claim(typeof answer.body?.error === "string", `no OAuth error: ${answer.text.slice(0, 200)}`);
      claim(error, "the SDK did not notice");
      return `${answer.status} ${answer.body.error}`;
    },
    "auth/a-made-up-token-is-401": () => {
      const { ticketDefinitions } = connected({ token: "made-up" });
      return claimRefused(gateway, () => ticketDefinitions.queryTicketDefinitions().find(), { status: 401 });
    },
  };
}
