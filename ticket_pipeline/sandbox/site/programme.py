"""The programme as HTML: events, and their tickets with counters and buttons."""

import hashlib
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from ticket_pipeline.sandbox.entities import Definition, Event
from ticket_pipeline.sandbox.site.poster import poster
from ticket_pipeline.sandbox.site.snapshot import Snapshot
from ticket_pipeline.sandbox.site.wording import day_and_hour, left, prices, sale, wire

#: Of many tickets of one event all but so many are folded away; of this many none.
SHOWN_AT_FIRST, MANY = 8, 12


def programme(shown: Snapshot) -> str:
    """Write all events: those to come, then those that are over or called off."""
    cards = [(_is_over(event, shown.now), card(event, tickets, shown.now)) for event, tickets in shown.events]
    coming, past = ("".join(html for over, html in cards if over is wanted) for wanted in (False, True))
    more = shown.events_in_all - len(shown.events)
    return (
        f'<section id="coming" aria-label="Events">{coming or NOTHING}</section>'
        f"{f'<p class=quiet>{more} more events are not shown here; the API has them all.</p>' if more else ''}"
        f'<section id="past" aria-label="Past and cancelled"{"" if past else " hidden"}>'
        f'<h2 class="divider">Past and cancelled</h2>{past}</section>'
    )


NOTHING = '<p class="quiet" id="nothing">No event is planned. The sandbox was started with an empty world.</p>'


def card(event: Event, tickets: tuple[Definition, ...], now: datetime) -> str:
    """Write one event."""
    fold = SHOWN_AT_FIRST if len(tickets) > MANY else MANY
    first, rest = tickets[:fold], tickets[fold:]
    about = _about(event, now)
    status = event.status(now).lower()
    folded = (
        f'<details class="more"><summary>{len(rest)} more tickets</summary>{_list(event, rest, now, "rest")}</details>'
        if rest
        else ""
    )
    return (
        f'<article class="event {status}" id="e-{event.id}" aria-labelledby="h-{event.id}" data-key="{event.id}"'
        f' data-title="{escape(event.title)}" data-currency="{escape(event.currency)}"'
        f' data-mark="{_mark(about)}" data-shape="{status}-{len(rest)}-{bool(tickets)}">'
        f'<div class="poster">{poster(event)}{_stub(event)}</div>'
        f'<div class="body"><header class="about">{about}</header>{_list(event, first, now, "first")}{folded}'
        f"{_organiser(event, now)}</div></article>"
    )


def ticket(event: Event, definition: Definition, now: datetime) -> str:
    """Write one ticket with its counter and its buttons."""
    document, key = definition.document, definition.id
    name = escape(document["name"])
    window, until = sale(definition, event, now)
    countdown = f' <span class="countdown" data-until="{wire(until)}"></span>' if until else ""
    hidden = ' <span class="badge">hidden</span>' if document["hidden"] else ""
    facts = (
        f'<div class="what"><h3 dir="auto">{name}{hidden}</h3>'
        f'<p class="window">{escape(window)}{countdown}</p></div>'
        f'<p class="price" dir="auto">{"<br>".join(escape(line) for line in prices(definition))}</p>'
    )
    counted = not document["hidden"] and not _is_over(event, now)
    remaining = left(definition, now) if counted else ""
    off = "" if _can_be_bought(event, definition, now) else " disabled"
    attributes = _attributes(definition)
    return (
        f'<li class="ticket{" hidden-ticket" if hidden else ""}" id="t-{key}" data-key="{key}" {attributes}'
        f' data-mark="{_mark(facts, remaining, off, attributes)}">{facts}'
        f'<p class="left">{_counter(key, remaining) if counted else ""}</p>'
        f"{_buttons(name, off)}</li>"
    )


def _counter(key: str, remaining: str) -> str:
    return (
        f'<ticket-counter definition="{key}" show="always" text-on-sale="{{n}} left"'
        f' text-scheduled="Not yet on sale">{remaining}</ticket-counter>'
    )


def _buttons(name: str, off: str) -> str:
    return (
        f'<form class="buy"><label><span class="unseen">How many: {name}</span>'
        f'<input type="number" name="quantity" min="1" max="50" value="1" inputmode="numeric"{off}></label>'
        f'<button class="main" data-do="buy"{off}>Buy<span class="unseen"> {name}</span></button>'
        f'<button type="button" data-do="hold" title="Set aside for 20 minutes"{off}>Hold'
        f'<span class="unseen"> {name} for 20 minutes</span></button>'
        f'<button type="button" class="plain" data-do="edit">Edit<span class="unseen"> {name}</span></button></form>'
    )


def _list(event: Event, tickets: tuple[Definition, ...], now: datetime, part: str) -> str:
    if not tickets and part == "first":
        said = "Guests only say that they come; nothing is sold." if event.registration == "RSVP" else "No tickets yet."
        return f'<p class="quiet">{said}</p>'
    return f'<ul class="tickets" data-part="{part}">{"".join(ticket(event, each, now) for each in tickets)}</ul>'


def _about(event: Event, now: datetime) -> str:
    place = "Online" if event.location.get("type") == "ONLINE" else _place(event)
    word = {"STARTED": "On right now", "ENDED": "Over", "CANCELED": "Cancelled"}.get(event.status(now))
    badge = f' <span class="badge">{word}</span>' if word else ""
    summary = f'<p class="summary" dir="auto">{escape(event.summary)}</p>' if event.summary else ""
    day = escape(day_and_hour(event.starts, event.time_zone))
    return (
        f'<h2 id="h-{event.id}" dir="auto">{escape(event.title)}{badge}</h2>'
        f'<p class="when"><time datetime="{wire(event.starts)}">{day}</time> · '
        f'<span dir="auto">{escape(place)}</span></p>'
        f"{summary}"
    )


def _place(event: Event) -> str:
    city = event.location.get("address", {}).get("city")
    return ", ".join(str(part) for part in (event.location.get("name"), city) if part)


def _stub(event: Event) -> str:
    there = event.starts.astimezone(ZoneInfo(event.time_zone))
    return f'<p class="stub" aria-hidden="true"><b>{there.day}</b>{there:%b}</p>'


def _organiser(event: Event, now: datetime) -> str:
    if event.registration != "TICKETING" or _is_over(event, now):
        return ""
    title = escape(event.title)
    return (
        '<footer class="organiser">'
        f'<button type="button" data-do="rush">Rush: 100 orders<span class="unseen"> for {title}</span></button>'
        f'<button type="button" class="plain" data-do="new">New ticket<span class="unseen"> for {title}</span></button>'
        "</footer>"
    )


def _attributes(definition: Definition) -> str:
    method = definition.document["pricingMethod"]
    kind = next((name for name in ("fixedPrice", "guestPrice", "pricingOptions") if name in method), "")
    money = method.get(kind, {}) if kind != "pricingOptions" else {}
    facts = {
        "name": definition.document["name"],
        "pricing": kind,
        "price": money.get("value", ""),
        "currency": money.get("currency", ""),
        "limit": "" if definition.limit is None else str(definition.limit),
        "hidden": "yes" if definition.document["hidden"] else "",
        "seated": "yes" if definition.places else "",
        "closes": wire(definition.sale_end),
    }
    return " ".join(f'data-{name}="{escape(value)}"' for name, value in facts.items())


def _can_be_bought(event: Event, definition: Definition, now: datetime) -> bool:
    if _is_over(event, now) or definition.document["hidden"]:
        return False
    return definition.sale_status(now) == "SALE_STARTED" and definition.available != 0


def _is_over(event: Event, now: datetime) -> bool:
    return event.status(now) in {"ENDED", "CANCELED"}


def _mark(*parts: str) -> str:
    return hashlib.blake2b("".join(parts).encode(errors="replace"), digest_size=6).hexdigest()
