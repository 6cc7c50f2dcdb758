// Ticket Definitions V3, read. The world is read once, whole; every filter must then select what the same condition
// selects here. A condition that selects nothing or everything proves nothing, so it is a finding as well.
import { claim, claimOrdered, claimRefused, claimSameIds, everything, ids, smallPage } from "./expect.mjs";

const ALL_DETAILS = { fields: ["SALES_DETAILS", "EVENT_DETAILS"] };
const UNKNOWN_ID = "00000000-0000-4000-8000-00000000dead";

export function ticketDefinitionReads({ client, gateway, world }) {
  const api = client.ticketDefinitions;
  const query = () => api.queryTicketDefinitions();

  const selects = (build, condition) => async () => {
    const expected = ids(world.definitions.filter(condition));
    claim(
      expected.length && expected.length < world.definitions.length,
      `proves nothing: ${expected.length} of ${world.definitions.length} fit`,
    );
    const { items, pages } = await everything(build(query()).limit(smallPage(expected.length)));
    claimSameIds(ids(items), expected, "selected");
    return `${items.length} of ${world.definitions.length}, ${pages} pages`;
  };
  const someEvents = () =>
    [...new Set(world.definitions.map((definition) => definition.eventId))].slice(0, 2);
  const aMoment = () =>
    new Date(
      world.definitions.map((definition) => +definition._createdDate).sort((a, b) => a - b)[
        Math.floor(world.definitions.length / 2)
      ],
    );
  const isFree = (definition) => definition.pricingMethod.free === true;

  return {
    "definitions/query-pages-to-the-very-end": async () => {
      world.definitions = (await everything(api.queryTicketDefinitions(ALL_DETAILS).limit(100))).items;
      const limit = smallPage(world.definitions.length);
      const mark = gateway.marked();
      const { items, pages } = await everything(query().limit(limit));
      claim(pages >= 3, `only ${pages} pages of ${limit}`);
      claim(new Set(ids(items)).size === items.length, "an id came twice");
      claimSameIds(ids(items), ids(world.definitions), "by small pages against large");
      const answers = gateway.since(mark).map((call) => call.body);
      claim(
        answers.every((body) => body.metadata?.count === body.ticketDefinitions?.length),
        "metadata.count is not the page's length",
      );
      claim(
        answers.slice(0, -1).every((body) => body.metadata.cursors?.next),
        "a page before the last has no next cursor",
      );
      return `${items.length} definitions, ${pages} pages of ${limit}`;
    },
    "definitions/query-previous-page-leads-back": async () => {
      const first = await query().limit(3).find();
      const second = await first.next();
      if (!second.hasPrev()) return "no previous cursor is offered";
      claimSameIds(ids((await second.prev()).items), ids(first.items), "page one again");
      return "page one again";
    },
    "definitions/query-defaults-are-created-ascending-pages-of-50": async () => {
      const { items, pages } = await everything(query());
      claimSameIds(ids(items), ids(world.definitions), "by default pages");
      claimOrdered(
        items.map((item) => +item._createdDate),
        (a, b) => a - b,
        "createdDate",
      );
      return `${pages} pages`;
    },
    "definitions/query-sorts-by-created-date-descending": async () => {
      const { items } = await everything(
        query().descending("_createdDate").limit(smallPage(world.definitions.length)),
      );
      claimSameIds(ids(items), ids(world.definitions), "sorted");
      claimOrdered(
        items.map((item) => +item._createdDate),
        (a, b) => b - a,
        "createdDate",
      );
    },
    "definitions/query-sorts-by-name": async () => {
      const { items } = await everything(
        query().ascending("name").limit(smallPage(world.definitions.length)),
      );
      claimSameIds(ids(items), ids(world.definitions), "sorted");
      const names = items.map((item) => item.name);
      const byCodePoint = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
      const compare =
        names.join("\n") === [...names].sort(byCodePoint).join("\n")
          ? byCodePoint
          : (a, b) => a.localeCompare(b, "en");
      claimOrdered(names, compare, "name");
    },
    "definitions/query-filters-event-id-in": selects(
      (builder) => builder.in("eventId", someEvents()),
      (definition) => someEvents().includes(definition.eventId),
    ),
    "definitions/query-filters-hidden-true": selects(
      (builder) => builder.eq("hidden", true),
      (definition) => definition.hidden === true,
    ),
    "definitions/query-filters-hidden-false": selects(
      (builder) => builder.eq("hidden", false),
      (definition) => definition.hidden === false,
    ),
    "definitions/query-filters-sale-status-eq": selects(
      (builder) => builder.eq("saleStatus", "SALE_STARTED"),
      (definition) => definition.saleStatus === "SALE_STARTED",
    ),
    "definitions/query-filters-sale-status-in": selects(
      (builder) => builder.in("saleStatus", ["SALE_SCHEDULED", "SALE_ENDED"]),
      (definition) => definition.saleStatus !== "SALE_STARTED",
    ),
    "definitions/query-filters-free": selects((builder) => builder.eq("pricingMethod.free", true), isFree),
    "definitions/query-filters-pricing-type-ne": selects(
      (builder) => builder.ne("pricingMethod.pricingType", "DONATION"),
      (definition) => definition.pricingMethod.pricingType !== "DONATION",
    ),
    "definitions/query-filters-limit-exists": selects(
      (builder) => builder.exists("initialLimit", false),
      (definition) => definition.initialLimit === undefined || definition.initialLimit === null,
    ),
    "definitions/query-filters-created-since": selects(
      (builder) => builder.ge("_createdDate", aMoment()),
      (definition) => definition._createdDate >= aMoment(),
    ),
    "definitions/query-filters-and": selects(
      (builder) =>
        builder
          .in("eventId", someEvents())
          .eq("hidden", false)
          .lt("_createdDate", new Date("2999-01-01T00:00:00Z")),
      (definition) => someEvents().includes(definition.eventId) && !definition.hidden,
    ),
    "definitions/query-filters-or": selects(
      (builder) => builder.eq("hidden", true).or(query().eq("saleStatus", "SALE_ENDED")),
      (definition) => definition.hidden || definition.saleStatus === "SALE_ENDED",
    ),
    "definitions/query-filters-not": selects(
      (builder) => builder.not(query().eq("eventId", someEvents()[0])),
      (definition) => definition.eventId !== someEvents()[0],
    ),
    "definitions/query-one-id": async () => {
      const wanted = world.definitions[0]._id;
      claimSameIds(ids((await query().eq("_id", wanted).find()).items), [wanted], "by id");
    },
    "definitions/query-typed-cursor-form": async () => {
      const eventId = someEvents()[0];
      const answer = await api.queryTicketDefinitions(
        {
          filter: { eventId: { $in: [eventId] } },
          sort: [{ fieldName: "_createdDate", order: "DESC" }],
          cursorPaging: { limit: 100 },
        },
        { fields: ["SALES_DETAILS"] },
      );
      claimSameIds(
        ids(answer.ticketDefinitions),
        ids(world.definitions.filter((definition) => definition.eventId === eventId)),
        "typed query",
      );
      claim(
        answer.ticketDefinitions.every((definition) => definition.salesDetails),
        "SALES_DETAILS was asked for",
      );
    },
    "definitions/query-typed-offset-form-gives-a-total": async () => {
      const answer = await api.queryTicketDefinitions(
        { sort: [{ fieldName: "_createdDate", order: "ASC" }], paging: { limit: 5, offset: 2 } },
        {},
      );
      claim(
        answer.metadata?.total === world.definitions.length,
        `total ${answer.metadata?.total} of ${world.definitions.length}`,
      );
      claim(answer.metadata.offset === 2, `offset ${answer.metadata.offset}`);
      claim(!answer.metadata.cursors?.next, "a cursor came with offset paging");
      claim(
        answer.ticketDefinitions.length === 5,
        `${answer.ticketDefinitions.length} definitions in a page of 5`,
      );
    },
    "definitions/query-details-come-only-when-asked": async () => {
      const plain = (await query().limit(5).find()).items;
      const sales = (
        await api
          .queryTicketDefinitions({ fields: ["SALES_DETAILS"] })
          .limit(5)
          .find()
      ).items;
      claim(
        plain.every((definition) => !definition.salesDetails && !definition.eventDetails),
        "details came unasked",
      );
      claim(
        sales.every((definition) => definition.salesDetails && !definition.eventDetails),
        "SALES_DETAILS is not what came",
      );
      claim(
        world.definitions.every((definition) => definition.eventDetails?.title),
        "EVENT_DETAILS without a title",
      );
    },
    "definitions/query-unlimited-has-no-unsold-count": async () => {
      const unlimited = world.definitions.filter((definition) => !definition.limited);
      claim(
        unlimited.length && unlimited.length < world.definitions.length,
        `${unlimited.length} unlimited of ${world.definitions.length}`,
      );
      claim(
        unlimited.every((definition) => (definition.salesDetails.unsoldCount ?? null) === null),
        "unsoldCount of an unlimited definition",
      );
      claim(
        world.definitions.every(
          (definition) => !definition.limited || Number.isInteger(definition.salesDetails.unsoldCount),
        ),
        "unsoldCount missing",
      );
    },
    "definitions/query-refuses-an-unknown-field": () =>
      claimRefused(gateway, () => query().eq("salesDetails.unsoldCount", 3).find(), { status: 400 }),
    "definitions/query-refuses-an-unsupported-operator": () =>
      claimRefused(gateway, () => query().startsWith("name", "A").find(), { status: 400 }),
    "definitions/query-refuses-pages-over-100": () =>
      claimRefused(gateway, () => query().limit(101).find(), { status: 400 }),
    "definitions/query-refuses-a-made-up-cursor": () =>
      claimRefused(gateway, () => query().skipTo("made-up").find(), { status: 400 }),
    "definitions/query-refuses-an-unknown-details-field": () =>
      claimRefused(gateway, () => api.queryTicketDefinitions({ fields: ["POLICY_TEXT"] }).find(), {
        status: 400,
      }),
    "definitions/get-plain": async () => {
      const wanted = world.definitions[0];
      const got = await api.getTicketDefinition(wanted._id);
      const { salesDetails, eventDetails, ...plain } = wanted;
      claim(salesDetails && eventDetails, "the query gave no details");
      claim(
        JSON.stringify(sorted(got)) === JSON.stringify(sorted(plain)),
        `get ${JSON.stringify(got)} against query ${JSON.stringify(plain)}`,
      );
    },
    "definitions/get-with-details": async () => {
      const got = await api.getTicketDefinition(world.definitions[0]._id, ALL_DETAILS);
      claim(got.salesDetails && got.eventDetails, "details are missing");
      claim(
        /^https?:\/\/[^/]+\/.+/.test(got.eventDetails.eventPageUrl),
        `eventPageUrl is ${got.eventDetails.eventPageUrl}`,
      );
    },
    "definitions/get-unknown-is-404": () =>
      claimRefused(gateway, () => api.getTicketDefinition(UNKNOWN_ID), { status: 404 }),
    "definitions/count-all-with-a-facet": async () => {
      const { metadata, facets } = await api.countTicketDefinitions({ facet: ["saleStatus"] });
      const counts = facets?.saleStatus?.counts ?? {};
      claim(
        (metadata?.total ?? metadata?.count) === world.definitions.length,
        `counted ${JSON.stringify(metadata)}`,
      );
      for (const status of new Set(world.definitions.map((definition) => definition.saleStatus))) {
        const expected = world.definitions.filter((definition) => definition.saleStatus === status).length;
        claim(counts[status] === expected, `${status}: counted ${counts[status]}, there are ${expected}`);
      }
      return JSON.stringify(counts);
    },
    "definitions/count-with-a-filter": async () => {
      const { metadata } = await api.countTicketDefinitions({ filter: { hidden: { $eq: true } } });
      const expected = world.definitions.filter((definition) => definition.hidden).length;
      claim(
        (metadata?.total ?? metadata?.count) === expected,
        `counted ${JSON.stringify(metadata)}, there are ${expected}`,
      );
    },
    "definitions/count-refuses-a-bad-filter": () =>
      claimRefused(gateway, () => api.countTicketDefinitions({ filter: { nonsense: { $eq: 1 } } }), {
        status: 400,
        code: "FILTER_PARSER_ERROR",
      }),
  };
}

function sorted(value) {
  if (value instanceof Date || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
