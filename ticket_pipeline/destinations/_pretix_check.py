"""Whether pretix would work: reachability, the token and its rights, found out without writing anything."""

from collections.abc import Iterator

from ticket_pipeline.destinations._pretix_api import PretixApi, lacks_right
from ticket_pipeline.destinations._pretix_events import PretixEvents
from ticket_pipeline.errors import RejectedError, TicketPipelineError, TransientError
from ticket_pipeline.model.finding import Finding, Level


def look_at(api: PretixApi, events: PretixEvents) -> Iterator[Finding]:
    """Look from the outside in, and stop at what is wrong."""
    try:
        yield from _look(api, events)
    except TicketPipelineError as error:
        transient = isinstance(error, TransientError)
        remedy = "nothing is wrong here; check again later" if transient else "do what the message says, then again"
        seen = str(error).removeprefix("pretix: ")
        yield Finding(level=Level.ERROR, what="pretix", seen=seen, remedy=remedy, transient=transient)


def _look(api: PretixApi, events: PretixEvents) -> Iterator[Finding]:
    listed = events.every()
    ours = events.ours()
    seen = f"{api.place}/{api.organizer}; {len(listed)} events, {len(ours)} of them hold tickets of the Wix site"
    yield Finding(level=Level.OK, what="pretix: reachable", seen=seen)
    yield _may_create_events(api)
    for slug in [event.slug for event in (ours or listed)][:1]:
        yield _may_write(api, slug, "items", "event.items:write ('Can change items')")
        yield _may_write(api, slug, "item_meta_properties", "event.settings.general:write ('Can change settings')")


def _may_create_events(api: PretixApi) -> Finding:
    what = "pretix: new events"
    if _refused_for_content(api, "events/"):
        return Finding(level=Level.OK, what=what, seen="the token may make them")
    remedy = "give the token's team the right to create events, or make by hand what `event` names"
    return Finding(level=Level.WARNING, what=what, seen="the token may not make them", remedy=remedy)


def _may_write(api: PretixApi, slug: str, path: str, right: str) -> Finding:
    what = f"pretix: {path.replace('_', ' ')}"
    if _refused_for_content(api, f"events/{slug}/{path}/"):
        return Finding(level=Level.OK, what=what, seen=f"the token may write them (tried on {slug}, with nothing)")
    remedy = f"give the token's team the right {right}"
    return Finding(level=Level.ERROR, what=what, seen=f"the token may not write them in {slug}", remedy=remedy)


def _refused_for_content(api: PretixApi, path: str) -> bool:
    """Send an empty body: who has the right is told what is missing in it, and nothing comes of it."""
    try:
        api.write("POST", path, {})
    except RejectedError as error:
        if lacks_right(error):
            return False
    return True
