// Ticket Definitions V3, written: create by each pricing method, update, currency, order, delete. What is made here is
// deleted here.
import { claim, claimRefused, claimSameIds, everything, ids } from "./expect.mjs";

const UNKNOWN_ID = "00000000-0000-4000-8000-00000000dead";

export function ticketDefinitionWrites({ client, gateway, world }) {
  const api = client.ticketDefinitions;
  const made = {};

  const create = async (name, fields, given = {}) => {
    const { event, currency, feeType } = world.forSale;
    made[name] = await api.createTicketDefinition(
      { eventId: event._id, name, feeType, ...fields(currency) },
      { fields: ["SALES_DETAILS"], ...given },
    );
    claim(
      made[name]._id && made[name].revision === "1",
      `id ${made[name]._id}, revision ${made[name].revision}`,
    );
    claim(
      made[name].eventId === event._id && made[name].name === name,
      "eventId or name is not what was sent",
    );
    const again = await api.getTicketDefinition(made[name]._id);
    claim(again.name === name, "Get does not know it");
    return made[name];
  };
  const refuses = (fields, refusal) => () =>
    claimRefused(gateway, () => create("Refused", fields), { status: 400, ...refusal });

  return {
    "definitions/create-fixed-price": async () => {
      const { dateAndTimeSettings } = world.forSale.event;
      const endDate = new Date(Math.floor(+dateAndTimeSettings.startDate / 60_000) * 60_000);
      const startDate = new Date(+endDate - 86_400_000);
      const created = await create("Fixed", (currency) => ({
        pricingMethod: { fixedPrice: { value: "12.50", currency } },
        initialLimit: 7,
        salePeriod: { startDate: new Date(+startDate + 42_123), endDate, displayNotOnSale: true },
      }));
      const { fixedPrice, pricingType, free } = created.pricingMethod;
      claim(
        Number(fixedPrice.value) === 12.5 && pricingType === "STANDARD" && free === false,
        JSON.stringify(created.pricingMethod),
      );
      claim(
        created.limited === true && created.initialLimit === 7 && created.actualLimit === 7,
        "limited, initialLimit, actualLimit",
      );
      claim(
        created.salesDetails.unsoldCount === 7 && created.salesDetails.soldCount === 0,
        JSON.stringify(created.salesDetails),
      );
      claim(
        +created.salePeriod.startDate === +startDate,
        `the sale start was not cut to the minute: ${created.salePeriod.startDate.toISOString()}`,
      );
    },
    "definitions/create-guest-price-is-a-donation": async () => {
      const created = await create("Guest", (currency) => ({
        pricingMethod: { guestPrice: { value: "5", currency } },
      }));
      claim(
        created.pricingMethod.guestPrice && created.pricingMethod.pricingType === "DONATION",
        JSON.stringify(created.pricingMethod),
      );
      claim(
        created.limited === false && (created.initialLimit ?? null) === null,
        "without initialLimit it is unlimited",
      );
    },
    "definitions/create-pricing-options-get-ids": async () => {
      const created = await create("Options", (currency) => ({
        pricingMethod: {
          pricingOptions: {
            optionDetails: [
              { name: "Adult", price: { value: "20", currency } },
              { name: "Child", price: { value: "10", currency } },
            ],
          },
        },
      }));
      const options = created.pricingMethod.pricingOptions?.optionDetails ?? [];
      claim(
        options.map((option) => option.name).join() === "Adult,Child",
        JSON.stringify(created.pricingMethod),
      );
      claim(new Set(options.map((option) => option.optionId)).size === 2, "optionId is missing or repeated");
    },
    "definitions/create-price-zero-is-free": async () => {
      const created = await create("Free", (currency) => ({
        pricingMethod: { fixedPrice: { value: "0", currency } },
        feeType: "NO_FEE",
      }));
      claim(created.pricingMethod.free === true, JSON.stringify(created.pricingMethod));
    },
    "definitions/create-refuses-a-price-as-a-number": refuses(
      (currency) => ({ pricingMethod: { fixedPrice: { value: 12.5, currency } } }),
      {},
    ),
    "definitions/create-refuses-a-name-over-30": refuses(
      (currency) => ({ name: "x".repeat(31), pricingMethod: { fixedPrice: { value: "1", currency } } }),
      { field: "ticketDefinition.name" },
    ),
    "definitions/create-refuses-a-missing-price": refuses(() => ({}), {
      field: "ticketDefinition.pricingMethod",
    }),
    "definitions/update-with-the-right-revision": async () => {
      const before = made.Fixed;
      const after = await api.updateTicketDefinition(before._id, {
        revision: before.revision,
        name: "Renamed",
        hidden: true,
      });
      claim(
        after.revision === "2" && after.name === "Renamed" && after.hidden === true,
        JSON.stringify(after),
      );
      claim(
        after.initialLimit === 7 && after.pricingMethod.fixedPrice && after.salePeriod.startDate,
        "what was not sent was changed",
      );
      claim(
        +after._updatedDate >= +before._updatedDate && +after._createdDate === +before._createdDate,
        "dates",
      );
      claim((await api.getTicketDefinition(before._id)).revision === "2", "Get still has the old revision");
    },
    "definitions/update-with-an-old-revision-is-a-conflict": () =>
      claimRefused(
        gateway,
        () => api.updateTicketDefinition(made.Fixed._id, { revision: "1", name: "Too late" }),
        { status: 409 },
      ),
    "definitions/update-can-change-the-pricing-method": async () => {
      const { currency } = world.forSale;
      const after = await api.updateTicketDefinition(made.Fixed._id, {
        revision: "2",
        pricingMethod: { guestPrice: { value: "1", currency } },
      });
      const { guestPrice, fixedPrice, pricingType } = after.pricingMethod;
      claim(guestPrice && !fixedPrice && pricingType === "DONATION", JSON.stringify(after.pricingMethod));
    },
    "definitions/update-unknown-is-404": () =>
      claimRefused(gateway, () => api.updateTicketDefinition(UNKNOWN_ID, { revision: "1", name: "Nobody" }), {
        status: 404,
      }),
    "definitions/change-currency-relabels-every-definition": async () => {
      const event = world.unsold;
      claim(event, "every event has sales, so every currency is locked");
      const { currency } = event.registration.tickets;
      const other = currency === "EUR" ? "CHF" : "EUR";
      const ofEvent = async () =>
        (await everything(api.queryTicketDefinitions().eq("eventId", event._id))).items;
      const before = await ofEvent();
      await api.changeCurrency(event._id, { currency: other });
      const after = await ofEvent();
      claim(before.length, `${event.title} has no definition to relabel`);
      claim(
        currencies(after).every((label) => label === other),
        `currencies are now ${currencies(after)}`,
      );
      claim(amounts(after).join() === amounts(before).join(), "an amount was changed");
      await api.changeCurrency(event._id, { currency });
    },
    "definitions/change-currency-is-locked-once-sold": () => {
      const sold = world.definitions.find((definition) => definition.salesDetails.soldCount > 0);
      return claimRefused(gateway, () => api.changeCurrency(sold.eventId, { currency: "CHF" }), {
        status: 428,
        code: "CURRENCY_LOCKED",
      });
    },
    "definitions/reorder-two-of-one-event": async () => {
      await api.reorderTicketDefinitions(world.forSale.event._id, {
        ticketDefinitionId: made.Free._id,
        beforeDefinitionId: made.Fixed._id,
      });
    },
    "definitions/reorder-refuses-itself": () =>
      claimRefused(
        gateway,
        () =>
          api.reorderTicketDefinitions(world.forSale.event._id, {
            ticketDefinitionId: made.Free._id,
            afterDefinitionId: made.Free._id,
          }),
        { status: 428, code: "INVALID_REORDER_INSTRUCTION" },
      ),
    "definitions/delete-then-get-is-404": async () => {
      await api.deleteTicketDefinition(made.Guest._id);
      return claimRefused(gateway, () => api.getTicketDefinition(made.Guest._id), { status: 404 });
    },
    "definitions/bulk-delete-by-filter-is-final-for-query-and-count": async () => {
      await api.bulkDeleteTicketDefinitionsByFilter({
        _id: { $in: ["Fixed", "Options", "Free"].map((name) => made[name]._id) },
      });
      claimSameIds(
        ids((await everything(api.queryTicketDefinitions().limit(100))).items),
        ids(world.definitions),
        "after the deletes",
      );
      const { metadata } = await api.countTicketDefinitions();
      claim(
        (metadata?.total ?? metadata?.count) === world.definitions.length,
        `counted ${JSON.stringify(metadata)}`,
      );
    },
    "definitions/delete-twice-is-404": () =>
      claimRefused(gateway, () => api.deleteTicketDefinition(made.Guest._id), { status: 404 }),
  };
}

const prices = (definitions) =>
  definitions.flatMap(({ pricingMethod: { fixedPrice, guestPrice, pricingOptions } }) =>
    [fixedPrice, guestPrice, ...(pricingOptions?.optionDetails ?? []).map((option) => option.price)].filter(
      Boolean,
    ),
  );
const currencies = (definitions) => prices(definitions).map((price) => price.currency);
const amounts = (definitions) => prices(definitions).map((price) => Number(price.value));
