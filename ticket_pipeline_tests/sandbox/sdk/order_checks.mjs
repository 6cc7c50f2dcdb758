// Orders V1: list and get; there is no query. All parameters travel in the address, arrays as repeated keys.
import { claim, claimRefused, smallPage } from "./expect.mjs";

const BARE = ["orderNumber", "eventId", "contactId", "memberId", "anonymized", "fullyCheckedIn"];
const FULL = ["TICKETS", "DETAILS", "FORM", "INVOICE"];

export function orderChecks({ client, gateway, world }) {
  const api = client.orders;
  const numbers = (orders) => orders.map((order) => order.orderNumber);

  const listed = async (options, limit = 100) => {
    const orders = [];
    for (let offset = 0; ; offset += limit) {
      const page = await api.listOrders({ ...options, offset, limit });
      orders.push(...page.orders);
      if (!page.orders.length || orders.length >= page.total)
        return { orders, total: page.total, pages: offset / limit + 1 };
    }
  };
  const selects = (options, condition) => async () => {
    const expected = numbers(world.orders.filter(condition));
    claim(
      expected.length && expected.length < world.orders.length,
      `proves nothing: ${expected.length} of ${world.orders.length} fit`,
    );
    const { orders, total } = await listed(options());
    claim(
      numbers(orders).sort().join() === expected.sort().join() && total === expected.length,
      `${orders.length} of total ${total} for ${expected.length}`,
    );
    return `${orders.length} of ${world.orders.length}`;
  };
  const someEvents = () => [...new Set(world.orders.map((order) => order.eventId))].slice(0, 2);
  const aStatus = () => world.orders[0].status;

  return {
    "orders/list-pages-to-the-very-end": async () => {
      world.orders = (await listed({ fieldset: FULL })).orders;
      const limit = smallPage(world.orders.length);
      const { orders, total, pages } = await listed({}, limit);
      claim(pages >= 3 && total === world.orders.length, `${pages} pages, total ${total}`);
      claim(new Set(numbers(orders)).size === orders.length, "an order number came twice");
      claim(
        numbers(orders).sort().join() === numbers(world.orders).sort().join(),
        "small pages and large ones disagree",
      );
      return `${orders.length} orders, ${pages} pages of ${limit}`;
    },
    "orders/list-defaults-to-created-ascending": async () => {
      const created = world.orders.map((order) => +order.created);
      claim(
        created.every((moment, index) => !index || created[index - 1] <= moment),
        "created goes back",
      );
    },
    "orders/list-filters-event-ids": selects(
      () => ({ eventId: someEvents() }),
      (order) => someEvents().includes(order.eventId),
    ),
    "orders/list-filters-status": selects(
      () => ({ status: [aStatus()] }),
      (order) => order.status === aStatus(),
    ),
    "orders/list-filters-confirmed": selects(
      () => ({ tag: ["CONFIRMED"] }),
      (order) => order.confirmed,
    ),
    "orders/list-without-a-fieldset-is-bare": async () => {
      const mark = gateway.marked();
      await api.listOrders({ limit: 5 });
      const keys = [...new Set(gateway.since(mark)[0].body.orders.flatMap(Object.keys))];
      claim(
        keys.every((key) => BARE.includes(key)),
        `came unasked: ${keys.filter((key) => !BARE.includes(key))}`,
      );
    },
    "orders/list-tickets-name-their-definitions": async () => {
      const tickets = world.orders.flatMap((order) => order.tickets ?? []);
      const known = new Set(world.definitions.map((definition) => definition._id));
      claim(tickets.length, "no order has tickets");
      claim(
        tickets.every((ticket) => known.has(ticket.ticketDefinitionId)),
        "a ticket of an unknown definition",
      );
      return `${tickets.length} tickets`;
    },
    "orders/get-is-what-list-said": async () => {
      const wanted = world.orders.find((order) => order.tickets?.length);
      const got = await api.getOrder(
        { eventId: wanted.eventId, orderNumber: wanted.orderNumber },
        { fieldset: FULL },
      );
      claim(
        JSON.stringify(got) === JSON.stringify(wanted),
        `get ${JSON.stringify(got)} against list ${JSON.stringify(wanted)}`,
      );
    },
    "orders/get-unknown-is-404": () =>
      claimRefused(
        gateway,
        () => api.getOrder({ eventId: world.orders[0].eventId, orderNumber: "0000-0000-000" }),
        { status: 404 },
      ),
  };
}
