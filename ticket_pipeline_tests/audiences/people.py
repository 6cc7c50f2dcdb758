"""People who do not exist, as a marketing tool might list them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus

SUBSCRIBED, PENDING = SubscriberStatus.SUBSCRIBED, SubscriberStatus.PENDING
UNSUBSCRIBED, SUPPRESSED = SubscriberStatus.UNSUBSCRIBED, SubscriberStatus.SUPPRESSED


@dataclass(frozen=True, kw_only=True)
class Person:
    """One entry of a list."""

    email: str = field(repr=False)
    name: str = field(default="", repr=False)
    status: str = SUBSCRIBED
    opt_ins: tuple[str, ...] = ()


ANNA = Person(email="anna@example.org", name="Anna", opt_ins=("gala", "jazz"))
BEN = Person(email="ben@example.com", name="Ben", status=UNSUBSCRIBED, opt_ins=("gala",))
CHLOE = Person(email="chloe@example.net", name="Chloé Öztürk", opt_ins=("jazz",))
DIRK = Person(email="dirk@example.org", status=SUPPRESSED)

#: Names that have broken parsers before.
ODD_NAMES = (
    'Ada "the First" Lovelace',
    "O'Brien; DROP TABLE people",
    "Doe, John",
    "Zoë 🎷 さくら محمد",
    "=cmd|' /C calc'!A0",
    "Bcc: x@example.org",
    "+label:x",
    "\\",
)


def crowd(count: int) -> Iterable[Person]:
    """Make up so many, one after the other."""
    for number in range(count):
        yield Person(email=f"p{number}@example.org", name=f"Person {number}", opt_ins=("gala",))


def by_address(found: Iterable[Subscriber]) -> Mapping[str, Subscriber]:
    """Sort who was found; each address once."""
    held: dict[str, Subscriber] = {}
    for each in found:
        assert each.email is not None
        assert each.email not in held, "listed twice"
        held[each.email] = each
    return held
