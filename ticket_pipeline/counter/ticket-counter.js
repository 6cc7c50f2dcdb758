// <ticket-counter definition="…"> says what is left of a ticket, live. How to use it: docs/counter.md.
(() => {
  'use strict';
  if (customElements.get('ticket-counter')) return;

  // Per language its plural categories, then a text per topic, a form per category.
  // [Brackets]: only of tickets at one fixed price, or of tickets on sale with show="always".
  const TOPICS = ['on_sale', 'low', 'sold_out', 'scheduled', 'ended', 'free', 'from'];
  const TEXTS = {
    en: ['one other', 'Tickets available[: {n}]',
      'Only {n} ticket left[ at this price]|Only {n} tickets left[ at this price]',
      'Sold out', 'On sale from {date}', 'Sale ended', 'Free', 'From {price}'],
    de: ['one other', 'Tickets verfügbar[: {n}]',
      'Nur noch {n} Ticket[ zu diesem Preis]|Nur noch {n} Tickets[ zu diesem Preis]',
      'Ausverkauft', 'Verkauf ab {date}', 'Verkauf beendet', 'Kostenlos', 'Ab {price}'],
    fr: ['one other', 'Billets disponibles[\u00a0: {n}]',
      'Plus que {n} billet[ à ce prix]|Plus que {n} billets[ à ce prix]',
      'Complet', 'En vente à partir du {date}', 'Vente terminée', 'Gratuit', 'À partir de {price}'],
    es: ['one other', 'Entradas disponibles[: {n}]',
      'Solo queda {n} entrada[ a este precio]|Solo quedan {n} entradas[ a este precio]',
      'Agotado', 'A la venta a partir del {date}', 'Venta finalizada', 'Gratis', 'Desde {price}'],
    it: ['one other', 'Biglietti disponibili[: {n}]',
      'Solo {n} biglietto rimasto[ a questo prezzo]|Solo {n} biglietti rimasti[ a questo prezzo]',
      'Esaurito', 'In vendita dal {date}', 'Vendita terminata', 'Gratis', 'Da {price}'],
    pl: ['one few other', 'Bilety dostępne[: {n}]',
      'Został tylko {n} bilet[ w tej cenie]|Zostały tylko {n} bilety[ w tej cenie]|'
        + 'Zostało tylko {n} biletów[ w tej cenie]',
      'Wyprzedane', 'W sprzedaży od {date}', 'Sprzedaż zakończona', 'Bezpłatnie', 'Od {price}'],
    he: ['one two other', 'כרטיסים זמינים[: {n}]',
      'נותר רק כרטיס אחד[ במחיר זה]|נותרו רק שני כרטיסים[ במחיר זה]|נותרו רק {n} כרטיסים[ במחיר זה]',
      'אזלו הכרטיסים', 'המכירה נפתחת ב־{date}', 'המכירה הסתיימה', 'חינם', 'החל מ־{price}'],
  };

  const STYLE = `
:host([hidden]) { display: none }
[part=price] { color: var(--ticket-counter-price-color) }
[part=number] { font-variant-numeric: tabular-nums }
:host([status=low]) [part=text] {
color: var(--ticket-counter-low-color); font-weight: var(--ticket-counter-low-weight, 600)
}
@media (prefers-reduced-motion: no-preference) {
[part=number] { animation: fresh .8s }
@keyframes fresh { from { opacity: .3 } }
}`;

  const attempt = (act, otherwise) => {
    try { return act() } catch { return otherwise }
  };

  const make = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const each in attributes) node.setAttribute(each, attributes[each]);
    node.append(...children);
    return node;
  };

  const sheets = attempt(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    return [sheet];
  }, []);

  // A module has no currentScript, but it stands in a stack.
  const script = document.currentScript?.src || new Error().stack;
  const home = /https?:\/\/[^\s?#]+(?=\/ticket-counter\.js)/.exec(script)?.[0];

  // Milliseconds that pass while the machine sleeps, too, and never go back when the visitor's clock is set.
  const gap = Date.now() - performance.now();
  let ahead = 0;
  const clock = () => {
    const now = performance.now();
    ahead = Math.max(ahead, Date.now() - now - gap);
    return now + ahead;
  };

  const around = (milliseconds) => clock() + milliseconds * (0.5 + Math.random());

  const languageOf = (element) => {
    for (let at = element; at; at = at.getRootNode().host) {
      const lang = at.closest('[lang]')?.lang;
      if (lang) return attempt(() => Intl.getCanonicalLocales(lang)[0], 'en');
    }
    return 'en';
  };

  // The nodes that say a value; none where there is nothing to say, or where a text names what is not known.
  const compose = (element, { status, remaining, prices, minimum_price, sale_start, sale_end }) => {
    const named = languageOf(element);
    const base = named.split('-')[0];
    const shipped = TEXTS[base] ? base : 'en';
    const tag = TEXTS[base] || element.getAttributeNames().some((each) => /^text-/.test(each)) ? named : 'en';

    const text = (topic, full) => {
      const own = (form) => element.getAttribute('text-' + topic.replace('_', '-') + form);
      const category = (lang) => new Intl.PluralRules(lang).select(remaining);
      const [categories, ...texts] = TEXTS[shipped];
      const forms = (texts[TOPICS.indexOf(topic.replace('unlimited', 'on_sale'))] || '').split('|');
      const form = forms[categories.split(' ').indexOf(category(shipped))] ?? forms.at(-1);
      return (own('-' + category(tag)) ?? own('') ?? form).replace(/\[(.*?)\]/g, full ? '$1' : '');
    };

    const option = ({ name, value, currency }) => {
      const money = attempt(
        () => new Intl.NumberFormat(tag, { style: 'currency', currency }).format(value),
        `${value} ${currency}`
      );
      const said = minimum_price ? text('from').replace('{price}', () => money) : value > 0 ? money : text('free');
      return make('bdi', { part: 'option' }, name ? `${name} ` : '', make('bdi', {}, said));
    };

    const price = () =>
      prices[0] && make('span', { part: 'price' }, ...prices.flatMap((each) => [' · ', option(each)]).slice(1));

    const date = () => {
      const datetime = status === 'scheduled' ? sale_start : sale_end;
      const timeZone = element.getAttribute('time-zone');
      const format = (zone) => new Intl.DateTimeFormat(tag, {
        day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit', ...zone,
      }).format(Date.parse(datetime));
      const said = attempt(() => format(timeZone && { timeZone, timeZoneName: 'short' })) || attempt(format);
      return said && make('time', { part: 'date', datetime }, said);
    };

    const number = () =>
      Number.isInteger(remaining) && make('bdi', { part: 'number' }, new Intl.NumberFormat(tag).format(remaining));

    const known = { __proto__: null, '{n}': number, '{price}': price, '{date}': date };
    const full = ['on_sale', 'unlimited'].includes(status)
      ? element.getAttribute('show') === 'always' && number()
      : prices.length === 1 && !minimum_price && prices[0].value > 0;
    const pieces = text(status, full).split(/(\{(?:n|price|date)\})/).filter(Boolean);
    const nodes = pieces.map((piece) => (known[piece] ? known[piece]() : piece));
    if (!nodes.length || !nodes.every(Boolean)) return [];
    const buyable = !['sold_out', 'ended', 'hidden'].includes(status);
    const before = buyable && !pieces.includes('{price}') && price();
    if (before) before.append(' · ');
    return [before || '', make('span', { part: 'text' }, ...nodes)];
  };

  // One connection for up to a hundred definitions of a server, and all elements that show them.
  const connect = (base) => {
    const elements = new Set();
    const values = new Map();
    let source, live, asked, first, openedAt, heardAt, timer;
    let limit = 900;
    let failures = 0;
    let retryAt = 0;
    let pollAt = 0;
    let hiddenAt = Infinity;
    let lookedAt = clock();
    // From our clock to the server's: as it tells, and never less than its newest read.
    let offset = -Infinity;

    const ids = () => [...new Set([...elements].map((each) => each.definition))].sort();

    const wake = () => {
      clearTimeout(timer);
      timer = setTimeout(look, 50);
    };

    const close = () => {
      source?.close();
      source = live = null;
    };

    const fail = () => {
      failures = live && clock() - openedAt > 1e4 ? 1 : failures + 1;
      close();
      retryAt = around(Math.min(6e4, 1e3 * 2 ** failures));
      if (pollAt < Infinity) pollAt = 0;
    };

    // What is due; once a second, and when something happened.
    const look = () => {
      const now = clock();
      const wanted = ids();
      const known = wanted.filter((id) => values.get(id) !== null);
      const slept = now - lookedAt > 2e4 && !document.hidden;
      lookedAt = now;
      hiddenAt = document.hidden ? Math.min(hiddenAt, now) : Infinity;
      elements.forEach((each) => each.show());
      if (!wanted.length) return close();
      timer = setTimeout(look, 1e3);
      if (now - hiddenAt > 6e4) return close();
      // A connection may be dead without knowing it.
      const silent = now - heardAt > limit * 500;
      if (slept || silent || known.some((id) => !asked?.has(id))) close();
      if (source && !live && now - openedAt > 15e3) fail();
      if (!source && known[0] && now >= retryAt) open(known);
      const missing = wanted.filter((id) => !values.get(id) && now - openedAt > 3e3);
      const polled = live ? missing : failures > 1 ? wanted : [];
      if (polled[0] && now >= pollAt) poll(polled);
    };

    const open = (wanted) => {
      asked = new Set(wanted);
      first = new Set(wanted);
      heardAt = openedAt = clock();
      const url = `${base}/counters/stream?settings=1&ids=${wanted.map(encodeURIComponent)}`;
      const opened = attempt(() => new EventSource(url));
      if (!opened) {
        failures = 9;
        return fail();
      }
      const hear = (act) => ({ data }) => {
        live = true;
        heardAt = clock();
        attempt(() => act(JSON.parse(data)));
      };
      opened.addEventListener('settings', hear(({ freshness_limit, now }) => settle(freshness_limit, now)));
      opened.onmessage = hear((value) => take(value, first.delete(value.definition_id)));
      opened.onerror = fail;
      source = opened;
    };

    const poll = async (wanted) => {
      pollAt = Infinity;
      try {
        for (const id of wanted) {
          const answer = await fetch(`${base}/counters/${encodeURIComponent(id)}`, {
            credentials: 'omit', cache: 'no-cache', signal: AbortSignal.timeout?.(1e4),
          });
          if (answer.ok) {
            settle(answer.headers.get('X-Freshness-Limit'), answer.headers.get('Date'));
            take(await answer.json(), true);
          } else if (answer.status === 404) {
            asked.delete(id);
            keep(id, null);
          } else break;
        }
      } catch { /* the next round tries again */ }
      pollAt = around(live ? 3e5 : 15e3);
    };

    const settle = (seconds, now) => {
      if (seconds > 0) limit = +seconds;
      offset = Date.parse(now) - clock() || offset;
    };

    // Versions only grow. After a reconnection to a server that lost its state, the newer read wins.
    const take = (value, anew) => {
      const at = Date.parse(value.read_at);
      const old = values.get(value.definition_id);
      const grown = old && value.version - old.value.version;
      if (!at || (old && !(grown > 0 || (at > old.at && (anew || grown === 0))))) return;
      offset = Math.max(offset, at - clock());
      keep(value.definition_id, { value, at });
    };

    const keep = (id, found) => {
      values.set(id, found);
      elements.forEach((each) => each.definition === id && each.show());
    };

    // Undefined: not known yet. Null: nothing that may be shown.
    const find = (id, most) => {
      const found = values.get(id);
      return found && (clock() + offset - found.at > 1e3 * (most > 0 ? most : limit) ? null : found.value);
    };

    document.addEventListener('visibilitychange', wake);
    addEventListener('pageshow', wake);
    addEventListener('pagehide', close);
    addEventListener('online', () => {
      close();
      retryAt = 0;
      wake();
    });
    return { base, elements, ids, wake, find };
  };

  const hubs = [];
  const hubFor = (base, id) => {
    const room = (hub) => hub.base === base && (hub.ids().includes(id) || hub.ids().length < 100);
    return hubs.find(room) || hubs[hubs.push(connect(base)) - 1];
  };

  customElements.define('ticket-counter', class extends HTMLElement {
    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      attempt(() => { root.adoptedStyleSheets = sheets });
      const live = { role: 'status', 'aria-live': 'off', 'aria-atomic': 'true' };
      root.append(this.line = make('span', { part: 'line', dir: 'auto', ...live }, make('slot')));
      const told = (records) => records.some((each) => each.attributeName !== 'status') && this.settle();
      new MutationObserver(told).observe(this, { attributes: true });
    }

    connectedCallback() {
      this.settle();
    }

    disconnectedCallback() {
      this.settle();
    }

    settle() {
      const { hub } = this;
      const server = this.getAttribute('server') || home;
      const base = attempt(() => new URL(server, document.baseURI).href.replace(/\/+$/, ''));
      hub?.elements.delete(this);
      hub?.wake();
      this.definition = this.getAttribute('definition');
      this.hub = this.isConnected && this.definition && /^https?:/.test(base) ? hubFor(base, this.definition) : null;
      this.hub?.elements.add(this);
      this.hub?.wake();
      this.show(true);
    }

    show(anew) {
      const value = this.hub?.find(this.definition, this.getAttribute('max-age'));
      if (!this.isConnected || (value === this.told && !(anew && this.told))) return;
      const nodes = (value && attempt(() => compose(this, value))) || [];
      const status = nodes.length ? value.status : '';
      const shown = status + nodes.map((node) => node.textContent ?? node).join('');
      // What stands there when the page is read is not news.
      if (this.shown === undefined) setTimeout(() => this.line.setAttribute('aria-live', 'polite'), 1e3);
      if (shown !== this.shown) {
        this.shown = shown;
        this.line.replaceChildren(...nodes);
        if (status) this.setAttribute('status', status);
        else this.removeAttribute('status');
      }
      if (value === this.told) return;
      this.told = value;
      this.dispatchEvent(new CustomEvent('ticket-counter', { detail: value, bubbles: true, composed: true }));
    }
  });
})();
