// The box office: does what is pressed, and asks each second what changed, as long as somebody looks.

import {ask, doing, say} from '/site/ask.js';
import {deliveries, station, table} from '/site/behind.js';
import {tick} from '/site/countdown.js';
import {create, edit} from '/site/editor.js';
import {mail} from '/site/mail.js';
import {refresh} from '/site/programme.js';
import {news} from '/site/tabs.js';

const EVERY = 1000;
const SOON = 250;
const seen = {version: '', serial: 0, table: '', mail: ''};
const server = document.body.dataset.counterServer;
let asking = null;
let timer = 0;
let till = '';

/** Shows what changed since the last time. What shows a part of the answer is named here by that part. */
const panes = {
  programme: refresh,
  till(html) {
    if (html === till) return;
    document.getElementById('pane-till').innerHTML = till = html;
    news('till');
  },
  counts({changes, delivered}) {
    station('orders', changes);
    station('webhooks', delivered);
  },
  deliveries,
  inbox({reachable, depth}) {
    station('inbox', reachable ? depth : 'off');
    if (reachable && !customElements.get('ticket-counter')) loadCounter();
  },
  mail,
  table(given) { if (given.columns) table(given); },
};

function look() {
  asking ??= lookOnce().finally(() => { asking = null; });
  return asking;
}

async function lookOnce() {
  clearTimeout(timer);
  try {
    const changed = await ask(`/sandbox/live?${new URLSearchParams(seen)}`);
    for (const [part, show] of Object.entries(panes)) if (part in changed) show(changed[part]);
    const {version, serial, table: rows, mail: mails} = changed;
    Object.assign(seen, {version, serial, table: rows?.mark ?? '', mail: mails?.mark ?? ''});
    document.body.classList.remove('offline');
  } catch (error) {
    if (!document.body.classList.contains('offline')) say(error.message, {bad: true});
    document.body.classList.add('offline');
  }
  tick();
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, EVERY);
}

/** Looks now, and once more when the webhook has been and gone. */
async function lookAgain() {
  await asking;
  await look();
  setTimeout(look, SOON);
}

/** Tries the counter's script again, which the server could not give when the page was loaded. */
function loadCounter() {
  if (document.getElementById('counter-again')) return;
  const script = document.createElement('script');
  script.id = 'counter-again';
  script.src = `${server}/ticket-counter.js`;
  script.onerror = () => setTimeout(() => script.remove(), 10 * EVERY);
  document.head.append(script);
}

async function buy(row) {
  const quantity = Number(row.querySelector('[name=quantity]').value);
  const {order} = await ask('/sandbox/buy', {definitionId: row.dataset.key, quantity});
  say(`Bought ${quantity} × ${row.dataset.name}.`, {label: 'Cancel the order', undo: () => doing(null, () => cancel(order.orderNumber))});
}

async function hold(row) {
  const quantity = Number(row.querySelector('[name=quantity]').value);
  const {reservation} = await ask('/sandbox/hold', {definitionId: row.dataset.key, quantity});
  say(`Holding ${quantity} × ${row.dataset.name} for 20 minutes.`, {label: 'Release', undo: () => doing(null, () => release(reservation.reservationId))});
}

async function cancel(orderNumber) {
  await ask('/sandbox/cancel', {orderNumber});
  say('Cancelled. The tickets are on sale again.');
  await lookAgain();
}

async function release(reservationId) {
  await ask('/sandbox/release', {reservationId});
  say('Released. The tickets are on sale again.');
  await lookAgain();
}

async function buyHeld(reservationId) {
  await ask('/sandbox/buy', {reservationId});
  say('Bought what was held.');
}

async function rush(event) {
  say(`A hundred orders for ${event.dataset.title}, within five seconds …`);
  const {rush: done} = await ask('/sandbox/rush', {eventId: event.dataset.key});
  const tickets = `${done.orders} orders for ${done.tickets} tickets`;
  say(done.sold_out ? `${tickets}, then all was sold out.` : `${tickets}. Nothing was sold twice.`);
}

const actions = {
  buy: button => buy(button.closest('.ticket')),
  hold: button => hold(button.closest('.ticket')),
  cancel: button => cancel(button.closest('li').dataset.key),
  release: button => release(button.closest('li').dataset.key),
  'buy-held': button => buyHeld(button.closest('li').dataset.key),
  rush: button => rush(button.closest('.event')),
};
const dialogs = {
  edit: button => edit(button.closest('.ticket'), lookAgain),
  new: button => create(button.closest('.event'), lookAgain),
};

document.addEventListener('click', event => {
  const button = event.target.closest('[data-do]'), name = button?.dataset.do;
  if (!button || button.disabled) return;
  if (dialogs[name]) dialogs[name](button);
  else if (button.type !== 'submit' || !button.form) doing(button, () => actions[name](button).then(lookAgain));
});
document.addEventListener('submit', event => {
  if (!event.target.matches('.buy')) return;
  event.preventDefault();
  const button = event.target.querySelector('[data-do=buy]');
  doing(button, () => buy(button.closest('.ticket')).then(lookAgain));
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
document.getElementById('fold').onclick = ({currentTarget: button}) => {
  const open = document.getElementById('behind').classList.toggle('open');
  button.setAttribute('aria-expanded', String(open));
  button.textContent = open ? 'Hide' : 'Show';
};
seen.version = document.body.dataset.version;
setInterval(() => { if (!document.hidden) tick(); }, EVERY);
tick();
look();
