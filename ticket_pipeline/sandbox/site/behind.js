// Behind the scenes: what was sent, what the inbox holds, what the ticketing system shows.

import {flash} from '/site/programme.js';
import {news} from '/site/tabs.js';

const MOST_LINES = 200;
const log = document.getElementById('log');
const lines = new Map();
const changedAt = new Map();
let rows = null;
let turn = 0;

/** Sets a station's number. */
export function station(name, value) {
  const place = document.getElementById(`at-${name}`), shown = place.querySelector('b');
  const text = typeof value === 'number' ? value.toLocaleString() : value;
  if (shown.textContent === text) return;
  const first = place.dataset.known !== 'yes';
  place.dataset.known = 'yes';
  shown.textContent = text;
  if (!first) flash(place);
}

/** Lists webhooks: a line each, which changes as the delivery gets on. */
export function deliveries(entries) {
  for (const entry of entries.sort((a, b) => a.number - b.number)) {
    const known = lines.get(entry.number), line = delivery(entry);
    if (known?.isConnected) known.replaceWith(line);
    else put(line);
    lines.set(entry.number, line);
  }
  if (lines.size > 2 * MOST_LINES) for (const [number, line] of lines) if (!line.isConnected) lines.delete(number);
  if (entries.length) news('log');
}

/** Shows the table, and says which rows came, went or changed. */
export function table({columns, rows: given, total}) {
  const before = rows, key = Math.max(0, columns.indexOf('id'));
  rows = new Map(given.map(row => [row[key], row]));
  turn += 1;
  if (before) for (const [id, row] of rows) noteChange(columns, before.get(id), row, id);
  if (before) for (const [id, row] of before) if (!rows.has(id)) put(rowLine(`Row ${id} is gone`, title(columns, row)));
  if (before && given.some(row => changedAt.get(row[key]) === turn)) news('table');
  draw(columns, given, key);
  station('table', columns.length ? total : '–');
}

function noteChange(columns, old, row, id) {
  const changed = old ? columns.filter((_, n) => old[n] !== row[n]) : columns;
  if (!changed.length) return;
  changedAt.set(id, turn);
  const said = old ? changed.map(name => {
    const n = columns.indexOf(name);
    return `${name}: ${written(old[n])} → ${written(row[n])}`;
  }).join(', ') : 'new';
  put(rowLine(said, title(columns, row)));
  news('log');
}

function draw(columns, given, key) {
  const order = [...given].sort((a, b) => (changedAt.get(b[key]) ?? 0) - (changedAt.get(a[key]) ?? 0));
  const [archived, price, currency] = ['archived', 'price', 'currency'].map(name => columns.indexOf(name));
  const numeric = columns.map((_, n) => given.some(row => typeof row[n] === 'number'));
  const shown = columns.map((name, n) => [name, n]).sort(([a], [b]) => rank(a) - rank(b));
  const head = make('tr', '', shown.map(([name]) => Object.assign(make('th', numeric[columns.indexOf(name)] ? 'number' : '', [name]), {scope: 'col'})));
  const body = order.map(row => {
    const line = make('tr', row[archived] ? 'archived' : '', shown.map(([, n]) => {
      const cell = make('td', numeric[n] ? 'number' : '', [n === price ? money(row[n], row[currency]) : written(row[n])]);
      cell.dir = 'auto';
      return cell;
    }));
    if (changedAt.get(row[key]) === turn) line.classList.add('changed');
    return line;
  });
  document.getElementById('table').replaceChildren(make('thead', '', [head]), make('tbody', '', body));
}

const FIRST = ['title', 'name', 'price', 'currency', 'capacity', 'hidden', 'archived', 'event_title'];
const rank = name => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
const written = value => (value === null ? '–' : String(value));

/** Writes a price with the decimals of its currency; what is none, or has more of them, stays as it is. */
function money(value, currency) {
  if (typeof value !== 'number' || !/^[A-Z]{3}$/.test(currency)) return written(value);
  const {maximumFractionDigits} = new Intl.NumberFormat('en', {style: 'currency', currency}).resolvedOptions();
  const whole = value.toFixed(maximumFractionDigits);
  return Number(whole) === value ? whole : written(value);
}

const title = (columns, row) => written(row[columns.findIndex(name => name === 'title' || name === 'name')] ?? row[0]);

function delivery({eventType, entityId, url, status, failures, answer, at, milliseconds}) {
  const what = make('div', '', [plainly(eventType)]);
  const subject = document.getElementById(`t-${entityId}`)?.dataset.name
    ?? document.getElementById(`e-${entityId}`)?.dataset.title ?? (entityId.length > 20 ? entityId.slice(0, 8) : entityId);
  what.append(make('small', '', [[subject, `to ${new URL(url).host}`].filter(Boolean).join(' · ')]));
  what.title = `${eventType}\n${entityId}\n${url}`;
  const took = milliseconds === null ? '' : `${Math.round(milliseconds)} ms`;
  const result = make('div', `answer ${status}`, [answer === null ? status : String(answer)]);
  const attempts = failures ? `attempt ${failures + (status === 'delivered' ? 1 : 0)}` : '';
  result.append(make('small', '', [[took, attempts].filter(Boolean).join(', ')]));
  return entry(new Date(at * 1000), what, result);
}

function rowLine(said, name) {
  const what = make('div', '', [make('span', 'row', [name]), make('small', '', [said])]);
  return entry(new Date(), what, make('div', 'answer row', ['row']));
}

function entry(when, ...parts) {
  const time = make('time', '', [when.toLocaleTimeString([], {hour12: false})]);
  time.dateTime = when.toISOString();
  return make('li', '', [time, ...parts]);
}

function put(line) {
  document.getElementById('log-empty').hidden = true;
  log.prepend(line);
  flash(line);
  while (log.children.length > MOST_LINES) log.lastChild.remove();
}

function plainly(topic) {
  const words = topic.split('.').at(-1).replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ').toLowerCase();
  return words[0].toUpperCase() + words.slice(1);
}

function make(tag, classes, parts) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...parts);
  return element;
}
