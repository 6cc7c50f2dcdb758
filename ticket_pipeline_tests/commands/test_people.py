"""forget: what is remembered of a person is theirs no more; who they are is said nowhere."""

import pytest

from ticket_pipeline import config
from ticket_pipeline.flows.eligible import Names
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus
from ticket_pipeline.store import suppressions
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.commands.terminal import Person
from ticket_pipeline_tests.sandbox.api import NOW

ANN = "ann@example.org"


@pytest.fixture
def unsubscribed(person: Person) -> None:
    """Have Ann unsubscribed with us."""
    person.declare()
    site = Wiring(config.load()).site("box_office")
    name = Names(site=site.name, secret=site.secret).person(
        Subscriber(id="1", email=ANN, status=SubscriberStatus.SUBSCRIBED)
    )
    with site.state.writing() as tx:
        suppressions.suppress(tx, site.name, [name], why="asked", at=NOW)
    site.database.close()


@pytest.mark.usefixtures("unsubscribed")
def test_an_unsubscription_is_kept_until_it_is_named(person: Person) -> None:
    said = person.types("forget", ANN).stdout
    assert "that they unsubscribed stays" in said
    assert ANN not in said
    assert "is forgotten" in person.types("forget", ANN, "--unsubscription").stdout
    (found,) = person.reads("forget", ANN)["sites"].values()
    assert found == {
        "receipts_unlinked": 0,
        "receipts_kept": 0,
        "unsubscription_deleted": False,
        "unsubscription_kept": False,
    }


def test_what_is_no_address_is_wrong_usage(person: Person) -> None:
    assert "no e-mail address" in person.types("forget", "ann", exits=2).stderr
