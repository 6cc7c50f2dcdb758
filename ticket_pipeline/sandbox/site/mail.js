// The mails that came: listed, found by address, read as a person would.

import {ask, doing, say} from '/site/ask.js';
import {news} from '/site/tabs.js';

const list = document.getElementById('mails');
const count = document.getElementById('mail-count');
const wanted = document.getElementById('mail-filter');
const letter = document.getElementById('letter');
const views = {html: letter.querySelector('iframe'), text: letter.querySelector('pre'), head: letter.querySelector('.head')};
const unsubscribe = letter.querySelector('[name=unsubscribe]');
let total = 0;
let open = null;

/** Lists what came since the last time; what the sandbox has dropped, the list drops. */
export function mail({anew, mails, total: inAll, kept}) {
  if (anew) list.replaceChildren();
  const lines = document.createDocumentFragment();
  for (const each of mails.reverse()) lines.append(line(each));
  list.prepend(lines);
  while (list.children.length > kept) list.lastChild.remove();
  if (mails.length) news('mail');
  if (mails.length || anew) recount(inAll);
}

function line({number, at, to, subject}) {
  const when = new Date(at * 1000), time = document.createElement('time'), what = document.createElement('span');
  time.dateTime = when.toISOString();
  time.textContent = when.toLocaleTimeString([], {hour12: false});
  what.append(text('b', to), text('small', subject || 'No subject'));
  const button = document.createElement('button'), item = document.createElement('li');
  button.type = 'button';
  button.dataset.number = number;
  button.append(time, what);
  item.dataset.sought = `${to} ${subject}`.toLowerCase();
  item.hidden = !isWanted(item);
  item.append(button);
  return item;
}

function recount(inAll = total) {
  total = inAll;
  const kept = list.children.length, shown = list.querySelectorAll('li:not([hidden])').length;
  const all = `${total.toLocaleString()} ${total === 1 ? 'mail' : 'mails'}`;
  const last = kept < total ? `the last ${kept.toLocaleString()} of ${all}` : all;
  const said = wanted.value.trim() ? `${shown.toLocaleString()} of ${last}` : last;
  count.textContent = said[0].toUpperCase() + said.slice(1);
  document.getElementById('mail-bar').hidden = total === 0;
  document.getElementById('mail-empty').hidden = total > 0;
}

const isWanted = item => item.dataset.sought.includes(wanted.value.trim().toLowerCase());

async function read(number) {
  open = await ask(`/sandbox/mail/${number}`);
  const from = open.headers.find(([name]) => name.toLowerCase() === 'from')?.[1] ?? open.sender;
  letter.querySelector('h2').textContent = open.subject || 'No subject';
  letter.querySelector('.who').replaceChildren(
    text('span', from), ' to ', text('span', open.recipients.join(', ')), `, ${new Date(open.at * 1000).toLocaleString()}`,
  );
  views.html.srcdoc = open.html ?? '';
  views.text.textContent = open.text ?? 'There is no text in this mail.';
  views.head.replaceChildren(...open.headers.flatMap(([name, value]) => [text('dt', name), text('dd', value)]));
  letter.querySelector('[data-view=html]').disabled = open.html === null;
  unsubscribe.disabled = !open.oneClick;
  show(open.html === null ? 'text' : 'html');
  letter.showModal();
}

function show(name) {
  for (const [each, view] of Object.entries(views)) view.hidden = each !== name;
  for (const button of letter.querySelectorAll('[data-view]')) {
    button.setAttribute('aria-pressed', String(button.dataset.view === name));
  }
}

/** Lets the sandbox post what a mail program would, to the pipeline's own server. */
async function takeOff() {
  const to = open.recipients.join(', ');
  await ask('/sandbox/mail/unsubscribe', {number: open.number}).finally(() => letter.close());
  say(`${to} is unsubscribed, and hears nothing of the next sale.`);
}

function text(tag, content) {
  const element = document.createElement(tag);
  element.textContent = content;
  element.dir = 'auto';
  return element;
}

list.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button) doing(button, () => read(button.dataset.number));
});
wanted.addEventListener('input', () => {
  for (const item of list.children) item.hidden = !isWanted(item);
  recount();
});
for (const button of letter.querySelectorAll('[data-view]')) button.onclick = () => show(button.dataset.view);
letter.querySelector('[name=close]').onclick = () => letter.close();
letter.addEventListener('close', () => { views.html.srcdoc = ''; });
unsubscribe.onclick = () => doing(unsubscribe, takeOff);
