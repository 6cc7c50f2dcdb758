// Has Wix's own JavaScript SDK verify and parse webhooks that the sandbox sent; prints one JSON list of
// {check, ok, detail}.
//
//   node webhooks.mjs < {"appId", "instanceId", "publicKey", "publicKeyBase64", "otherPublicKey", "expired",
//                        "webhooks": [{"eventType", "token", "about", "definitions"}]}
//
// Beside what the handlers are given, each payload is held to the REST-cased types that Wix publishes.
import { text } from "node:stream/consumers";

import { AppStrategy, createClient } from "@wix/sdk";

import { claim } from "./expect.mjs";
import { EXPECTATIONS, MODULES } from "./webhook_expectations.mjs";

const given = JSON.parse(await text(process.stdin));
const connected = (publicKey) =>
  createClient({ auth: AppStrategy({ appId: given.appId, publicKey }), modules: MODULES });
const client = connected(given.publicKey);

const fired = [];
for (const [eventType, { register }] of Object.entries(EXPECTATIONS))
  register(client)((envelope) => fired.push({ eventType, envelope }));

const checks = {};
for (const webhook of given.webhooks) {
  checks[webhook.eventType] = async () => {
    fired.length = 0;
    const processed = await client.webhooks.process(webhook.token);
    claim(
      fired.length === 1 && fired[0].eventType === webhook.eventType,
      `fired ${JSON.stringify(fired.map((one) => one.eventType))}`,
    );
    claim(processed.instanceId === given.instanceId, `instance ${processed.instanceId}`);
    const expectation = EXPECTATIONS[webhook.eventType];
    claimWhoAndWhere(fired[0].envelope.metadata);
    const payload = asSent(webhook.token);
    const findings = expectation.findings(payload);
    claim(!findings.length, findings.slice(0, 5).join("; "));
    expectation.check(fired[0].envelope, webhook, payload);
  };
}

/** The innermost level; the SDK rewrites its own copy. */
function asSent(token) {
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));
  return JSON.parse(JSON.parse(claims.data).data);
}

function claimWhoAndWhere({ instanceId, identity, accountInfo }) {
  claim(instanceId === given.instanceId, `metadata.instanceId ${instanceId}`);
  claim(accountInfo?.accountId && accountInfo?.siteId, `accountInfo ${JSON.stringify(accountInfo)}`);
  if (identity === undefined) return; // the passing of time
  const names = {
    ANONYMOUS_VISITOR: "anonymousVisitorId",
    MEMBER: "memberId",
    WIX_USER: "wixUserId",
  };
  claim(identity[names[identity.identityType]], `identity ${JSON.stringify(identity)}`);
}

async function claimRejected(used, token, why) {
  fired.length = 0;
  const rejected = await used.webhooks.process(token).then(
    () => null,
    (error) => error,
  );
  claim(rejected && !fired.length, `taken, though ${why}`);
  return String(rejected.message);
}

const [{ token }] = given.webhooks;
const [header, payload, signature] = token.split(".");
const swapped = (part) => part.slice(0, 40) + (part[40] === "A" ? "B" : "A") + part.slice(41);
checks["refused/a-tampered-payload"] = () =>
  claimRejected(client, [header, swapped(payload), signature].join("."), "its payload was changed");
checks["refused/a-tampered-signature"] = () =>
  claimRejected(client, [header, payload, swapped(signature)].join("."), "its signature was changed");
checks["refused/another-key"] = () =>
  claimRejected(connected(given.otherPublicKey), token, "another key signed it");
checks["refused/an-expired-token"] = () => claimRejected(client, given.expired, "it has expired");
checks["taken/the-key-as-base64-of-its-pem"] = async () => {
  const { eventType } = await connected(given.publicKeyBase64).webhooks.process(token);
  claim(eventType === given.webhooks[0].eventType, eventType);
};

const report = [];
for (const [check, run] of Object.entries(checks)) {
  try {
    report.push({ check, ok: true, detail: (await run()) ?? "" });
  } catch (error) {
    report.push({ check, ok: false, detail: String(error.message ?? error) });
  }
}
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.every((entry) => entry.ok) ? 0 : 1;
