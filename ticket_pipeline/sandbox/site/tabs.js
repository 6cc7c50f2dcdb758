// The tabs behind the scenes. A tab is a button [role=tab] that names its pane by aria-controls; nothing else is needed.

const list = document.querySelector('[role=tablist]');
const tabs = () => [...list.querySelectorAll('[role=tab]:not([hidden])')];

export function select(tab) {
  for (const each of list.querySelectorAll('[role=tab]')) {
    const chosen = each === tab;
    each.setAttribute('aria-selected', String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    document.getElementById(each.getAttribute('aria-controls')).hidden = !chosen;
  }
  tab.classList.remove('news');
}

/** Puts a dot on a tab whose pane has something new and is not open. */
export function news(name) {
  const tab = document.getElementById(`tab-${name}`);
  if (tab.getAttribute('aria-selected') !== 'true') tab.classList.add('news');
}

list.addEventListener('click', event => {
  const tab = event.target.closest('[role=tab]');
  if (tab) select(tab);
});
list.addEventListener('keydown', event => {
  const all = tabs(), at = all.indexOf(document.activeElement);
  const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1}[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const tab = all[(to + all.length) % all.length];
  select(tab);
  tab.focus();
});
