// Events V3: offset paging, detail fields, and the event the write checks will use.
import { claim, claimOrdered, claimRefused, claimSameIds, everything, ids, smallPage } from "./expect.mjs";

const UNKNOWN_ID = "00000000-0000-4000-8000-00000000dead";

export function eventChecks({ client, gateway, world }) {
  const api = client.events;
  const query = (options) => (options ? api.queryEvents(options) : api.queryEvents());

  const selects = (build, condition) => async () => {
    const expected = ids(world.events.filter(condition));
    claim(
      expected.length && expected.length < world.events.length,
      `proves nothing: ${expected.length} of ${world.events.length} fit`,
    );
    const { items, pages } = await everything(build(query()).limit(smallPage(expected.length)));
    claimSameIds(ids(items), expected, "selected");
    return `${items.length} of ${world.events.length}, ${pages} pages`;
  };
  const aTitle = () => world.events[0].title;

  return {
    "events/query-pages-to-the-very-end": async () => {
      world.events = (
        await everything(query({ fields: ["REGISTRATION", "URLS", "DETAILS"] }).limit(100))
      ).items;
      const limit = smallPage(world.events.length);
      const mark = gateway.marked();
      const { items, pages } = await everything(query().ascending("_createdDate").limit(limit));
      claim(pages >= 3, `only ${pages} pages of ${limit}`);
      claim(new Set(ids(items)).size === items.length, "an id came twice");
      claimSameIds(ids(items), ids(world.events), "by small pages against large");
      claimOrdered(
        items.map((item) => +item._createdDate),
        (a, b) => a - b,
        "createdDate",
      );
      for (const { body, request } of gateway.since(mark)) {
        const { count, offset, total } = body.pagingMetadata;
        claim(
          total === items.length && count === body.events.length && offset === request.query.paging.offset,
          JSON.stringify(body.pagingMetadata),
        );
      }
      return `${items.length} events, ${pages} pages of ${limit}`;
    },
    "events/query-hides-drafts-unless-asked": async () => {
      claim(
        world.events.every((event) => event.status !== "DRAFT"),
        "a draft came unasked",
      );
    },
    "events/query-filters-status-in": selects(
      (builder) => builder.in("status", ["UPCOMING", "STARTED"]),
      (event) => ["UPCOMING", "STARTED"].includes(event.status),
    ),
    "events/query-filters-initial-type-ticketing": selects(
      (builder) => builder.eq("registration.initialType", "TICKETING"),
      (event) => event.registration.initialType === "TICKETING",
    ),
    "events/query-filters-title": selects(
      (builder) => builder.eq("title", aTitle()),
      (event) => event.title === aTitle(),
    ),
    "events/query-sorts-by-start": async () => {
      const { items } = await everything(
        query().descending("dateAndTimeSettings.startDate").limit(smallPage(world.events.length)),
      );
      const starts = items.map((event) => event.dateAndTimeSettings.startDate).filter(Boolean);
      claimOrdered(starts.map(Number), (a, b) => b - a, "startDate");
    },
    "events/query-details-come-only-when-asked": async () => {
      const plain = (await query().limit(5).find()).items;
      claim(
        plain.every((event) => !event.registration && !event.eventPageUrl && !event.shortDescription),
        "details came unasked",
      );
      claim(
        world.events.every((event) => event.registration?.type && event.eventPageUrl),
        "REGISTRATION and URLS were asked for",
      );
    },
    "events/query-refuses-an-unknown-field": () =>
      claimRefused(gateway, () => query().eq("registration.type", "TICKETING").find(), { status: 400 }),
    "events/query-refuses-pages-over-1000": () =>
      claimRefused(gateway, () => query().limit(1001).find(), { status: 400 }),
    "events/get-plain": async () => {
      const got = await api.getEvent(world.events[0]._id);
      claim(
        got._id === world.events[0]._id && got.title === world.events[0].title,
        JSON.stringify(got).slice(0, 200),
      );
      claim(!got.registration && !got.eventPageUrl, "details came unasked");
    },
    "events/get-with-details": async () => {
      const got = await api.getEvent(world.events[0]._id, { fields: ["REGISTRATION", "URLS"] });
      claim(got.registration?.initialType, "registration is missing");
      claim(/^https?:\/\/[^/]+\/.+/.test(got.eventPageUrl), `eventPageUrl is ${got.eventPageUrl}`);
    },
    "events/get-unknown-is-404": () => claimRefused(gateway, () => api.getEvent(UNKNOWN_ID), { status: 404 }),
    "events/get-by-slug": async () => {
      const { event } = await api.getEventBySlug(world.events[0].slug);
      claim(event._id === world.events[0]._id, JSON.stringify(event).slice(0, 200));
    },
    "events/definitions-belong-to-ticketed-events": async () => {
      const ticketed = new Set(
        ids(world.events.filter((event) => event.registration.initialType === "TICKETING")),
      );
      const shown = world.definitions.filter((definition) => definition.eventDetails.status !== "DRAFT");
      const astray = shown.filter((definition) => !ticketed.has(definition.eventId));
      claim(
        !astray.length,
        `${astray.length} definitions of no ticketed event, such as ${astray[0]?._id} of ${astray[0]?.eventId}`,
      );
    },
    "events/one-upcoming-event-sells-tickets": async () => {
      const sold = new Set(
        world.definitions
          .filter((definition) => definition.salesDetails.soldCount > 0)
          .map((definition) => definition.eventId),
      );
      const ticketed = world.events.filter((event) => event.registration.initialType === "TICKETING");
      const upcoming = ticketed.filter((event) => event.status === "UPCOMING");
      claim(upcoming.length, "no event to create definitions for");
      world.unsold = ticketed.find((event) => !sold.has(event._id));
      const event = upcoming.find(({ _id }) => !sold.has(_id)) ?? upcoming[0];
      const { currency } = event.registration.tickets;
      world.forSale = { event, currency, feeType: "FEE_ADDED_AT_CHECKOUT" };
      return `${event.title}; without any sale: ${world.unsold?.title}`;
    },
  };
}
