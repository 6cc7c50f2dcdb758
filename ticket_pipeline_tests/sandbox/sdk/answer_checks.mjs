// Every answer that passed through the gateway, whatever it was asked for, against what Wix publishes: the
// REST-cased types (strict: an invented key is a finding) and, where the package has them, the zod schemas.
// Orders 1.0.73 comes without schemas, so its answers are held to the types alone.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { claim } from "./expect.mjs";
import { RestTypes } from "./rest_types.mjs";
import { zodFindings } from "./zod_shapes.mjs";

const PACKAGES = {
  "wix.events.ticketdef.v3.TicketDefinitionManagement": "@wix/auto_sdk_events_ticket-definitions-v-2",
  "wix.events.events.v3.EventManagement": "@wix/auto_sdk_events_wix-events-v-2",
  "wix.events.ticketing.OrderManagement": "@wix/auto_sdk_events_orders",
};
const WITHOUT_SCHEMAS = new Set(["@wix/auto_sdk_events_orders"]);
const VALIDATED = [
  "wix.events.ticketdef.v3.TicketDefinitionManagement.QueryTicketDefinitions",
  "wix.events.ticketdef.v3.TicketDefinitionManagement.GetTicketDefinition",
  "wix.events.ticketdef.v3.TicketDefinitionManagement.CreateTicketDefinition",
  "wix.events.ticketdef.v3.TicketDefinitionManagement.UpdateTicketDefinition",
  "wix.events.ticketdef.v3.TicketDefinitionManagement.DeleteTicketDefinition",
  "wix.events.ticketdef.v3.TicketDefinitionManagement.CountTicketDefinitions",
  "wix.events.ticketdef.v3.TicketDefinitionManagement.ChangeCurrency",
  "wix.events.ticketdef.v3.TicketDefinitionManagement.ReorderTicketDefinitions",
  "wix.events.ticketdef.v3.TicketDefinitionManagement.BulkDeleteTicketDefinitionsByFilter",
  "wix.events.events.v3.EventManagement.QueryEvents",
  "wix.events.events.v3.EventManagement.GetEvent",
  "wix.events.events.v3.EventManagement.GetEventBySlug",
  "wix.events.ticketing.OrderManagement.ListOrders",
  "wix.events.ticketing.OrderManagement.GetOrder",
];

export async function answerChecks({ gateway }) {
  const checks = {};
  for (const rpc of VALIDATED) {
    const method = rpc.split(".").at(-1);
    const published = await publishedFor(rpc);
    checks[`answers/${method}`] = async () =>
      validated(
        published,
        method,
        gateway.calls.filter((call) => call.rpc === rpc && call.status === 200),
      );
  }
  return {
    ...checks,
    "answers/every-method-used-is-validated": async () => {
      const used = [...new Set(gateway.calls.map((call) => call.rpc).filter(Boolean))];
      const astray = used.filter((rpc) => !VALIDATED.includes(rpc));
      claim(!astray.length, `not held to any type: ${astray}`);
    },
    "answers/refusals-have-the-shape-of-wix-errors": async () => {
      const refusals = gateway.calls.filter((call) => call.rpc && call.status !== 200);
      const findings = refusals.flatMap((call) =>
        refusalFindings(call).map((finding) => `${call.status} ${call.method} ${call.path}: ${finding}`),
      );
      claim(refusals.length, "nothing was refused");
      claim(!findings.length, few(findings));
      return `${refusals.length} refusals`;
    },
    "answers/carry-json-and-a-request-id": async () => {
      const answers = gateway.calls.filter((call) => call.rpc);
      const bad = answers.filter(
        (call) =>
          !call.requestId || !call.contentType?.startsWith("application/json") || call.body === undefined,
      );
      claim(
        !bad.length,
        few(
          bad.map((call) => `${call.method} ${call.path}: request id ${call.requestId}, ${call.contentType}`),
        ),
      );
      claim(
        new Set(answers.map((call) => call.requestId)).size === answers.length,
        "a request id came twice",
      );
      return `${answers.length} answers`;
    },
    "answers/a-spoilt-answer-would-be-seen": async () => {
      const [rpc] = VALIDATED;
      const { body } = gateway.calls.find((call) => call.rpc === rpc && call.body?.ticketDefinitions?.length);
      const published = await publishedFor(rpc);
      const findings = (answer) =>
        findingsOf(published, "QueryTicketDefinitions", { body: answer, path: "" });
      const usual = findings(body);
      for (const [spoiling, spoilt, by] of spoiltAnswers(body)) {
        const seen = findings(spoilt).filter((finding) => !usual.includes(finding));
        for (const judge of by)
          claim(
            seen.some((finding) => finding.endsWith(`(${judge})`)),
            `${spoiling}: not seen by ${judge}`,
          );
      }
    },
    "answers/nothing-left-this-machine": async () => {
      claim(!gateway.refused.length, `asked for ${gateway.refused}`);
      const passed = await fetch("https://elsewhere.invalid/").then(
        () => true,
        () => false,
      );
      claim(!passed && gateway.refused.length === 1, "the gateway lets other hosts through");
    },
  };
}

// What each judge can be relied on to see: zod strips unknown keys, and the types have no opinion on a missing one.
function spoiltAnswers(body) {
  const { metadata, ...rest } = body;
  const [first] = body.ticketDefinitions;
  const withFirst = (changes) => ({ ...body, ticketDefinitions: [{ ...first, ...changes }] });
  return [
    ["metadata renamed", { ...rest, pagingMetadata: metadata }, ["type"]],
    ["an invented key", withFirst({ sold: 1 }), ["type"]],
    ["the SDK's casing", withFirst({ _id: first.id }), ["type"]],
    ["revision as a number", withFirst({ revision: 7 }), ["type", "zod"]],
    ["an unknown status", withFirst({ saleStatus: "ON_SALE" }), ["type", "zod"]],
    ["an id that is no GUID", withFirst({ id: "7" }), ["type", "zod"]],
    ["a name too long", withFirst({ name: "x".repeat(31) }), ["type", "zod"]],
    ["a time as a number", withFirst({ createdDate: 1_700_000_000 }), ["type"]],
    ["two prices at once", withFirst({ pricingMethod: { fixedPrice: {}, guestPrice: {} } }), ["zod"]],
  ];
}

async function publishedFor(rpc) {
  const name = PACKAGES[rpc.split(".").slice(0, -1).join(".")];
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  return {
    types: new RestTypes(join(folder, "build/es/meta.d.mts")),
    schemas: WITHOUT_SCHEMAS.has(name) ? null : await import(`${name}/schemas`),
  };
}

function validated({ types, schemas }, method, answers) {
  const responseName = `${method}Response`;
  claim(answers.length, "no answer of this kind came");
  claim(!schemas || schemas[responseName], `the package has no schema ${responseName}`);
  const findings = answers.flatMap((answer) => findingsOf({ types, schemas }, method, answer));
  claim(!findings.length, few(findings));
  return `${answers.length} answers, ${schemas ? "types and zod" : "types"}`;
}

function findingsOf({ types, schemas }, method, { body, path }) {
  const responseName = `${method}Response`;
  return [
    ...types.findings(responseName, body).map((finding) => `${path}: ${finding} (type)`),
    ...(schemas
      ? zodFindings(schemas[responseName], responseName, body).map((finding) => `${path}: ${finding} (zod)`)
      : []),
  ];
}

function refusalFindings({ body }) {
  const { message, details, ...other } = body ?? {};
  if (typeof message !== "string" || typeof details !== "object")
    return [`no message and details: ${JSON.stringify(body)}`];
  const { applicationError, validationError, ...more } = details;
  const findings = Object.keys({ ...other, ...more }).map((key) => `key ${key}`);
  if (
    applicationError &&
    (typeof applicationError.code !== "string" || typeof applicationError.description !== "string")
  )
    findings.push(`applicationError ${JSON.stringify(applicationError)}`);
  for (const violation of validationError?.fieldViolations ?? [])
    if (
      typeof violation.field !== "string" ||
      typeof violation.description !== "string" ||
      typeof violation.violatedRule !== "string"
    )
      findings.push(`fieldViolation ${JSON.stringify(violation)}`);
  if (applicationError && validationError) findings.push("both kinds of error at once");
  return findings;
}

function few(findings) {
  const shown = [...new Set(findings.map((finding) => finding.replace(/\[\d+\]/g, "[]")))];
  return `${findings.length} findings: ${shown.slice(0, 6).join("; ")}${shown.length > 6 ? "; …" : ""}`;
}
