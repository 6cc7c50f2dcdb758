// The organiser's dialog: a ticket is made, changed, hidden, deleted, or its sale moved.

import {ask, doing, say} from '/site/ask.js';
import {reveal} from '/site/programme.js';

const editor = document.getElementById('editor');
const form = editor.querySelector('form');
const fields = form.elements;
const title = document.getElementById('editor-title');
const note = document.getElementById('editor-note');
const MINUTE = 60_000;
let now = null;

/** Opens the dialog for a ticket's row. */
export function edit(row, done) {
  const {name, price, currency, limit, hidden, pricing, seated} = row.dataset;
  const event = row.closest('.event');
  now = {row, event, done, currency: currency || event.dataset.currency};
  fill({name, price, limit, hidden: hidden === 'yes'}, `Edit ${name}`);
  fields.price.disabled = pricing === 'pricingOptions';
  fields.limit.disabled = seated === 'yes';
  note.textContent = pricing === 'pricingOptions' ? 'This ticket has several prices; they stay as they are.'
    : seated ? 'Its seating plan says how many seats there are.' : '';
}

/** Opens the dialog for a new ticket of an event. */
export function create(event, done) {
  now = {row: null, event, done, currency: event.dataset.currency};
  fill({name: '', price: '', limit: '100', hidden: false}, `New ticket for ${event.dataset.title}`);
  fields.price.disabled = fields.limit.disabled = false;
  note.textContent = '';
}

function fill({name, price, limit, hidden}, heading) {
  title.textContent = heading;
  fields.name.value = name;
  fields.price.value = price;
  fields.limit.value = limit;
  fields.hidden.checked = hidden;
  document.getElementById('editor-currency').textContent = now.currency;
  editor.querySelector('.existing').hidden = !now.row;
  fields.price.required = !now.row;
  fields.delete.textContent = 'Delete';
  editor.showModal();
}

function changes() {
  const before = now.row?.dataset, taken = {};
  if (fields.name.value.trim() !== before?.name) taken.name = fields.name.value.trim();
  if (!fields.price.disabled && fields.price.value !== (before?.price ?? '')) {
    const kind = before?.pricing === 'guestPrice' ? 'guestPrice' : 'fixedPrice';
    taken.pricingMethod = {[kind]: {value: fields.price.value, currency: now.currency}};
  }
  if (!fields.limit.disabled && fields.limit.value !== before?.limit) {
    taken.initialLimit = fields.limit.value === '' ? null : Number(fields.limit.value);
  }
  if (fields.hidden.checked !== (before?.hidden === 'yes')) taken.hidden = fields.hidden.checked;
  return taken;
}

async function save() {
  const {row, event, done} = now, ticketDefinition = changes();
  editor.close();
  if (row) {
    if (!Object.keys(ticketDefinition).length) return;
    await ask('/sandbox/edit', {definitionId: row.dataset.key, ticketDefinition});
    say(`Changed ${fields.name.value}.`);
    await done();
  } else {
    const made = await ask('/sandbox/create', {
      ticketDefinition: {...ticketDefinition, eventId: event.dataset.key, feeType: 'NO_FEE'},
    });
    say(`${fields.name.value} is on sale.`);
    await done();
    reveal(made.ticketDefinition.id);
  }
}

/** Moves the sale's start to the minute after next: Wix cuts sale dates to the minute. */
async function openSoon() {
  const {row, done} = now;
  const start = new Date((Math.floor(Date.now() / MINUTE) + 2) * MINUTE);
  const end = row.dataset.closes && new Date(row.dataset.closes) > start ? row.dataset.closes : null;
  editor.close();
  await ask('/sandbox/edit', {definitionId: row.dataset.key, ticketDefinition: {
    hidden: false, salePeriod: {startDate: start.toISOString(), endDate: end, displayNotOnSale: true},
  }});
  say(`The sale of ${row.dataset.name} opens at ${start.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'})}.`);
  await done();
}

async function remove() {
  if (fields.delete.textContent === 'Delete') {
    fields.delete.textContent = 'Really delete';
    return;
  }
  const {row, done} = now;
  editor.close();
  await ask('/sandbox/delete', {definitionId: row.dataset.key});
  say(`Deleted ${row.dataset.name}.`);
  await done();
}

form.addEventListener('submit', event => { event.preventDefault(); doing(fields.save, save); });
fields.opens.onclick = () => doing(fields.opens, openSoon);
fields.delete.onclick = () => doing(fields.delete, remove);
fields.close.onclick = () => editor.close();
editor.addEventListener('click', event => { if (event.target === editor) editor.close(); });
