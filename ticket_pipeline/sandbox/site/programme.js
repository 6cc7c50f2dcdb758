// Brings a newer programme into the page: what is unchanged stays, counters above all.

const programme = document.getElementById('programme');
const PARTS = ['.what', '.price'];

/** Takes the programme as the sandbox writes it now. */
export function refresh(html) {
  const fresh = new DOMParser().parseFromString(html, 'text/html').body;
  for (const section of fresh.querySelectorAll(':scope > section')) {
    const old = document.getElementById(section.id);
    old.hidden = section.hidden;
    bringIn(old, section, '.event', patchEvent);
  }
}

/** Shows a ticket, wherever it is folded away. */
export function reveal(id) {
  const row = document.getElementById(`t-${id}`);
  if (!row) return;
  row.closest('details')?.setAttribute('open', '');
  row.scrollIntoView({block: 'center'});
  row.querySelector('[data-do=edit]').focus({preventScroll: true});
  flash(row);
}

/** Lets something be seen to have changed. */
export function flash(element) {
  element.classList.remove('changed');
  void element.offsetWidth;
  element.classList.add('changed');
  element.addEventListener('animationend', () => element.classList.remove('changed'), {once: true});
  setTimeout(() => element.classList.remove('changed'), 2500);
}

function bringIn(parent, freshParent, selector, patch) {
  const old = new Map(children(parent, selector).map(each => [each.dataset.key, each]));
  const wanted = children(freshParent, selector);
  const keys = new Set(wanted.map(each => each.dataset.key));
  for (const [key, each] of old) if (!keys.has(key)) each.remove();
  document.getElementById('nothing')?.toggleAttribute('hidden', wanted.length > 0);
  const first = children(parent, selector)[0];
  let after = first ? first.previousElementSibling : parent.lastElementChild;
  for (const fresh of wanted) {
    const known = old.get(fresh.dataset.key);
    const each = known ? patch(known, fresh) : document.importNode(fresh, true);
    if (each.parentNode !== parent || each.previousElementSibling !== after) after ? after.after(each) : parent.prepend(each);
    if (!known) flash(each);
    after = each;
  }
}

function children(parent, selector) {
  return [...parent.children].filter(each => each.matches(selector));
}

function patchEvent(old, fresh) {
  if (old.dataset.shape !== fresh.dataset.shape) {
    const open = old.querySelector('details')?.open;
    const taken = document.importNode(fresh, true);
    if (open) taken.querySelector('details')?.setAttribute('open', '');
    old.replaceWith(taken);
    return taken;
  }
  if (old.dataset.mark !== fresh.dataset.mark) {
    old.querySelector('.about').replaceWith(document.importNode(fresh.querySelector('.about'), true));
    copyAttributes(old, fresh);
  }
  for (const list of fresh.querySelectorAll('.tickets')) {
    bringIn(old.querySelector(`.tickets[data-part=${list.dataset.part}]`), list, '.ticket', patchTicket);
  }
  return old;
}

function patchTicket(old, fresh) {
  if (old.dataset.mark === fresh.dataset.mark) return old;
  copyAttributes(old, fresh);
  for (const part of PARTS) old.querySelector(part).replaceWith(document.importNode(fresh.querySelector(part), true));
  const controls = fresh.querySelectorAll('button, input');
  old.querySelectorAll('.buy button, .buy input').forEach((each, n) => { each.disabled = controls[n].disabled; });
  const labels = fresh.querySelectorAll('.unseen');
  old.querySelectorAll('.unseen').forEach((each, n) => { each.textContent = labels[n].textContent; });
  patchCounter(old.querySelector('.left'), fresh.querySelector('.left'));
  flash(old);
  return old;
}

/** A counter that runs is left alone: it knows better than we do. */
function patchCounter(old, fresh) {
  const runs = customElements.get('ticket-counter') && old.querySelector('ticket-counter');
  if (!runs || !fresh.querySelector('ticket-counter')) old.replaceWith(document.importNode(fresh, true));
}

function copyAttributes(old, fresh) {
  for (const {name, value} of fresh.attributes) old.setAttribute(name, value);
}
