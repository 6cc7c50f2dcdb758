// For each webhook: which of the SDK's handlers takes it, which published type its payload has on the wire, and
// what the handler must be given.
import * as events from "@wix/auto_sdk_events_wix-events-v-2";
import * as orders from "@wix/auto_sdk_events_orders";
import * as reservations from "@wix/auto_sdk_events_ticket-reservations";
import * as ticketDefinitions from "@wix/auto_sdk_events_ticket-definitions-v-2";

import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { claim } from "./expect.mjs";
import { RestTypes } from "./rest_types.mjs";

export const MODULES = { events, orders, reservations, ticketDefinitions };

const published = Object.fromEntries(
  Object.entries({
    ticketDefinitions: "@wix/auto_sdk_events_ticket-definitions-v-2",
    events: "@wix/auto_sdk_events_wix-events-v-2",
    orders: "@wix/auto_sdk_events_orders",
    reservations: "@wix/auto_sdk_events_ticket-reservations",
  }).map(([name, wanted]) => [name, new RestTypes(restTypes(wanted))]),
);

function restTypes(name) {
  const main = createRequire(import.meta.url).resolve(name);
  return join(dirname(dirname(main)), "es", "meta.d.mts");
}

const ENVELOPE = [
  "id", "entityFqdn", "slug", "entityId", "eventTime", "triggeredByAnonymizeRequest", "originatedFrom",
  "entityEventSequence",
];
const BODIES = ["createdEvent", "updatedEvent", "deletedEvent", "actionEvent"];
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{3}|\d{6}|\d{9})Z$/;

function envelopeFindings(payload) {
  const unknown = Object.keys(payload).filter((key) => ![...ENVELOPE, ...BODIES].includes(key));
  const bodies = BODIES.filter((key) => key in payload);
  return [
    ...unknown.map((key) => `.${key}: no such key in a domain event`),
    ...(bodies.length === 1 ? [] : [`bodies: ${bodies}`]),
    ...(INSTANT.test(payload.eventTime) ? [] : [`.eventTime: ${payload.eventTime}`]),
  ];
}

/** A domain event: `data` of the payload is held to a type, `check` sees what the handler was given. */
function domain(module, handler, type, data, check) {
  return {
    register: (client) => client[module][handler],
    findings: (payload) => [
      ...envelopeFindings(payload),
      ...(type ? published[module].findings(type, data(payload)) : []),
    ],
    check: (envelope, webhook, payload) => {
      const { metadata } = envelope;
      claim(metadata.entityId === webhook.about, `entityId ${metadata.entityId}, not ${webhook.about}`);
      claim(metadata._id === payload.id, `metadata._id ${metadata._id}`);
      claim(metadata.eventTime instanceof Date, `eventTime ${metadata.eventTime}`);
      check?.(envelope, webhook, payload);
    },
  };
}

const created = (module, handler, type, check) =>
  domain(module, handler, type, (payload) => payload.createdEvent.entity, (envelope, webhook, payload) => {
    claim(envelope.metadata.entityEventSequence, "no sequence");
    claimEntity(envelope, webhook);
    check?.(envelope, payload.createdEvent.entity, webhook);
  });
const updated = (module, handler, type, check) =>
  domain(module, handler, type, (payload) => payload.updatedEvent.currentEntity, (envelope, webhook, payload) => {
    claim(envelope.metadata.entityEventSequence, "no sequence");
    claimEntity(envelope, webhook);
    check?.(envelope, payload.updatedEvent.currentEntity, webhook);
  });
const deleted = (module, handler) =>
  domain(module, handler, null, null, (envelope) => {
    claim(!("entity" in envelope), "an entity of what is gone");
  });
const action = (module, handler, type, check) =>
  domain(
    module,
    handler,
    type,
    (payload) => payload.actionEvent.body,
    (envelope, webhook) => check(envelope.data, webhook),
  );

function claimEntity({ entity }, webhook) {
  claim(entity._id === webhook.about, `entity ${entity._id}, not ${webhook.about}`);
  claim(entity._createdDate instanceof Date, `_createdDate ${entity._createdDate}`);
}

function claimRevision(revision) {
  return ({ entity, metadata }) => {
    claim(entity.revision === revision, `revision ${entity.revision}`);
    claim(metadata.entityEventSequence === revision, `sequence ${metadata.entityEventSequence}`);
  };
}

function claimSale(status) {
  return ({ ticketDefinition }, webhook) => {
    claim(ticketDefinition._id === webhook.about, `definition ${ticketDefinition._id}`);
    claim(ticketDefinition.saleStatus === status, `saleStatus ${ticketDefinition.saleStatus}`);
    claim(!("salesDetails" in ticketDefinition), "sales details are not told");
  };
}

function claimTurn(data, webhook) {
  claim(data.eventId === webhook.about, `eventId ${data.eventId}`);
  claim(data.timestamp instanceof Date, `timestamp ${data.timestamp}`);
}

/** The definition of each ticket, one entry per ticket. */
function claimLines({ entity }, _, webhook) {
  const found = entity.tickets.flatMap((line) => Array(line.quantity).fill(line.ticketDefinitionId));
  claim(String(found.sort()) === String(webhook.definitions), `definitions ${found}`);
}

function flat(handler, type, check) {
  return {
    register: (client) => client.orders[handler],
    findings: (payload) => published.orders.findings(type, payload),
    check: ({ data }, webhook) => {
      claim(data.orderNumber === webhook.about, `orderNumber ${data.orderNumber}`);
      claim(data.timestamp instanceof Date, `timestamp ${data.timestamp}`);
      check(data, webhook);
    },
  };
}

function claimTickets(data, webhook) {
  const found = data.tickets.map((ticket) => ticket.ticketDefinitionId).sort();
  claim(String(found) === String(webhook.definitions), `definitions ${found}`);
}

function claimPerson({ firstName, lastName, email, checkoutForm }) {
  claim(firstName && lastName && email && checkoutForm.inputValues.length, "nobody bought it");
}

const DEFINITION = "wix.events.v3.ticket_definition_";
const EVENT = "wix.events.v3.event_";
const RESERVATION = "wix.events.v1.ticket_reservation_";
const ORDER = "wix.events.ticketing.events.Order";

export const EXPECTATIONS = {
  [`${DEFINITION}created`]: created(
    "ticketDefinitions", "onTicketDefinitionCreated", "TicketDefinition", claimRevision("1"),
  ),
  [`${DEFINITION}updated`]: updated(
    "ticketDefinitions", "onTicketDefinitionUpdated", "TicketDefinition", claimRevision("2"),
  ),
  [`${DEFINITION}deleted`]: deleted("ticketDefinitions", "onTicketDefinitionDeleted"),
  [`${DEFINITION}sale_started`]: action(
    "ticketDefinitions", "onTicketDefinitionSaleStarted", "TicketDefinitionSaleStarted", claimSale("SALE_STARTED"),
  ),
  [`${DEFINITION}sale_ended`]: action(
    "ticketDefinitions", "onTicketDefinitionSaleEnded", "TicketDefinitionSaleEnded", claimSale("SALE_ENDED"),
  ),
  [`${DEFINITION}sale_period_updated`]: action(
    "ticketDefinitions", "onTicketDefinitionSalePeriodUpdated", "SalePeriodUpdated",
    ({ afterUpdate }) => claim(afterUpdate.startDate instanceof Date, JSON.stringify(afterUpdate)),
  ),
  [`${EVENT}created`]: created("events", "onEventCreated", "Event"),
  [`${EVENT}updated`]: updated("events", "onEventUpdated", "Event", ({ entity }) =>
    claim(entity.title === "Renamed", entity.title),
  ),
  [`${EVENT}deleted`]: deleted("events", "onEventDeleted"),
  [`${EVENT}canceled`]: action("events", "onEventCanceled", "EventCanceled", claimTurn),
  [`${EVENT}started`]: action("events", "onEventStarted", "EventStarted", claimTurn),
  [`${EVENT}ended`]: action("events", "onEventEnded", "EventEnded", claimTurn),
  [`${EVENT}published`]: action("events", "onEventPublished", "EventPublished", claimTurn),
  [`${RESERVATION}created`]: created(
    "reservations", "onTicketReservationCreated", "TicketReservation", claimLines,
  ),
  [`${RESERVATION}updated`]: updated(
    "reservations", "onTicketReservationUpdated", "TicketReservation", claimLines,
  ),
  [`${RESERVATION}deleted`]: deleted("reservations", "onTicketReservationDeleted"),
  [`${ORDER}Initiated`]: flat("onOrderInitiated", "OrderInitiated", (data) => {
    claimPerson(data);
    claim(!("tickets" in data) && data.reservationId, "tickets before they are paid for");
  }),
  [`${ORDER}Confirmed`]: flat("onOrderConfirmed", "OrderConfirmed", (data, webhook) => {
    claimPerson(data);
    claimTickets(data, webhook);
    claim(data.status === "PAID" && data.tickets.every((ticket) => ticket.confirmed), data.status);
  }),
  [`${ORDER}Updated`]: flat("onOrderUpdated", "OrderUpdated", (data, webhook) => {
    claimPerson(data);
    claimTickets(data, webhook);
    claim(data.status === "CANCELED" && data.tickets.every((ticket) => ticket.canceled), data.status);
  }),
  [`${ORDER}Deleted`]: flat("onOrderDeleted", "OrderDeleted", (data, webhook) => {
    claimTickets(data, webhook);
    claim(data.anonymized && data.triggeredByAnonymizeRequest, "not for privacy");
    claim(!data.firstName && !JSON.stringify(data).includes("@"), "somebody is still named");
  }),
};
