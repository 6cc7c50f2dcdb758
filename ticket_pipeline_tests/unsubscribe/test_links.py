"""The links of one site's messages."""

from ticket_pipeline.unsubscribe.links import UnsubscribeLinks
from ticket_pipeline.unsubscribe.token import Unsubscription, read

SECRET = "a secret"  # noqa: S105 - of this test


def test_a_link_leads_to_the_server_and_says_who() -> None:
    links = UnsubscribeLinks(site="box_office", url="https://tickets.example.org/", secret=SECRET)
    link = links("f" * 32, "ann")
    assert link.startswith("https://tickets.example.org/unsubscribe/1")
    wanted = Unsubscription(site="box_office", recipient="f" * 32, subscriber_id="ann")
    assert read([SECRET], link.rpartition("/")[2]) == wanted
    assert links("f" * 32, "ann") == link


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(UnsubscribeLinks(site="box_office", url="https://x.example", secret=SECRET))
