// Drives Wix's own JavaScript SDK against the sandbox and prints one JSON list of {check, ok, detail}.
//
//   node conformance.mjs --base-url http://127.0.0.1:PORT --strategy api-key --api-key K --site-id S
//   node conformance.mjs --base-url http://127.0.0.1:PORT --strategy app --app-id A --app-secret S --instance-id I
//
// The checks build on one another, in the order written; they leave the world as they found it.
import { parseArgs } from "node:util";

import { installGateway } from "./gateway.mjs";

const { values: given } = parseArgs({
  options: Object.fromEntries(
    ["base-url", "strategy", "api-key", "site-id", "app-id", "app-secret", "instance-id"].map((name) => [
      name,
      { type: "string" },
    ]),
  ),
});
const gateway = installGateway(given["base-url"]);

const { ApiKeyStrategy, AppStrategy, createClient } = await import("@wix/sdk");
const modules = {
  ticketDefinitions: await import("@wix/auto_sdk_events_ticket-definitions-v-2"),
  events: await import("@wix/auto_sdk_events_wix-events-v-2"),
  orders: await import("@wix/auto_sdk_events_orders"),
};
const { answerChecks } = await import("./answer_checks.mjs");
const { apiKeyChecks, appChecks } = await import("./auth_checks.mjs");
const { eventChecks } = await import("./event_checks.mjs");
const { orderChecks } = await import("./order_checks.mjs");
const { ticketDefinitionReads } = await import("./ticket_definition_reads.mjs");
const { ticketDefinitionWrites } = await import("./ticket_definition_writes.mjs");

const STRATEGIES = {
  "api-key": {
    credentials: { apiKey: given["api-key"], siteId: given["site-id"] },
    auth: (credentials) => ApiKeyStrategy(credentials),
    checks: apiKeyChecks,
  },
  app: {
    credentials: { appId: given["app-id"], appSecret: given["app-secret"], instanceId: given["instance-id"] },
    auth: (credentials) =>
      credentials.token
        ? { getAuthHeaders: async () => ({ headers: { Authorization: credentials.token } }) }
        : AppStrategy(credentials),
    checks: appChecks,
  },
};
const strategy = STRATEGIES[given.strategy];
const connected = (credentials) => createClient({ auth: strategy.auth(credentials), modules });
const bench = {
  client: connected(strategy.credentials),
  gateway,
  connected,
  credentials: strategy.credentials,
  world: {},
};

const report = [];
for (const checks of [
  ticketDefinitionReads(bench),
  eventChecks(bench),
  orderChecks(bench),
  ticketDefinitionWrites(bench),
  strategy.checks(bench),
  await answerChecks(bench),
]) {
  for (const [check, run] of Object.entries(checks)) {
    try {
      report.push({ check, ok: true, detail: (await run()) ?? "" });
    } catch (error) {
      report.push({ check, ok: false, detail: String(error.message ?? error) });
    }
  }
}
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.every((entry) => entry.ok) ? 0 : 1;
