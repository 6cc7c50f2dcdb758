"""What the audience `ghost` rests on, as a real Ghost has it: made, edited and left through Ghost's own ways."""

from itertools import count

import pytest
import requests
from pydantic import SecretStr

from ticket_pipeline.audiences.ghost import Config, GhostAudience
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.finding import Level
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline_tests.audiences.people import SUBSCRIBED, SUPPRESSED, UNSUBSCRIBED, Person, by_address, crowd
from ticket_pipeline_tests.real.ghost_members import GhostMembers
from ticket_pipeline_tests.real.ghost_server import Ghost

_NUMBERS = count(1)


@pytest.fixture
def tool(ghost: Ghost) -> GhostMembers:
    """Give a Ghost that has no members yet."""
    tool = GhostMembers(ghost)
    tool.hold([])
    return tool


@pytest.fixture
def newsletter(ghost: Ghost) -> dict[str, str]:
    """Make a newsletter of this test's own."""
    name = f"Event {next(_NUMBERS)}"
    return {"id": ghost.add_newsletter(name), "slug": name.lower().replace(" ", "-")}


def only(tool: GhostMembers) -> Subscriber:
    """Read the one member there is, both ways."""
    (listed,) = tool.audience.subscribers()
    assert list(tool.audience.consent([listed.id])) == [listed]
    return listed


def test_newsletters_and_labels_are_marks(tool: GhostMembers, newsletter: dict[str, str]) -> None:
    slug = newsletter["slug"]
    letters = [{"id": newsletter["id"]}]
    tool.ghost.add_member("anna@example.org", name="Anna", labels=["Jazz & Blues"], newsletters=letters)
    found = only(tool)
    assert (found.name, found.status) == ("Anna", SUBSCRIBED)
    assert found.opt_ins == {"jazz-blues", "label:jazz-blues", slug, f"newsletter:{slug}"}


def test_who_gets_no_newsletter_is_unsubscribed_whatever_their_labels(tool: GhostMembers) -> None:
    tool.ghost.add_member("ben@example.org", labels=["gala"], newsletters=[])
    assert (only(tool).status, "gala" in only(tool).opt_ins) == (UNSUBSCRIBED, True)


def test_an_archived_newsletter_is_no_opt_in_any_more(tool: GhostMembers, newsletter: dict[str, str]) -> None:
    tool.ghost.add_member("anna@example.org", newsletters=[{"id": newsletter["id"]}])
    assert only(tool).status == SUBSCRIBED
    tool.ghost.call("PUT", f"newsletters/{newsletter['id']}/", newsletters=[{"status": "archived"}])
    assert only(tool).status == UNSUBSCRIBED
    assert not only(tool).opt_ins


def test_the_way_out_that_ghost_gives_is_honoured_at_the_next_reading(
    tool: GhostMembers, newsletter: dict[str, str]
) -> None:
    for name in ("anna", "ben"):
        tool.ghost.add_member(f"{name}@example.org", newsletters=[{"id": newsletter["id"]}])
    anna, ben = (by_address(tool.audience.subscribers())[f"{name}@example.org"] for name in ("anna", "ben"))
    link = str(anna.unsubscribe_url)
    requests.get(link, timeout=30, allow_redirects=False)
    assert [each.status for each in tool.audience.consent([anna.id])] == [SUBSCRIBED]
    done = requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=30, allow_redirects=False)
    assert done.status_code == 201
    statuses = {each.id: each.status for each in tool.audience.consent([anna.id, ben.id])}
    assert statuses == {anna.id: UNSUBSCRIBED, ben.id: SUBSCRIBED}


def test_our_unsubscription_keeps_what_else_ghost_knows(tool: GhostMembers, newsletter: dict[str, str]) -> None:
    letters = [{"id": newsletter["id"]}]
    made = tool.ghost.add_member("anna@example.org", name="Anna", note="VIP", labels=["gala"], newsletters=letters)
    tool.audience.unsubscribe(made["id"])
    (now,) = tool.ghost.call("GET", f"members/{made['id']}/")["members"]
    assert (now["name"], now["note"], [each["slug"] for each in now["labels"]]) == ("Anna", "VIP", ["gala"])
    assert (now["subscribed"], now["newsletters"]) == (False, [])
    assert now["unsubscribe_url"] == made["unsubscribe_url"]


def test_who_joins_or_leaves_while_pages_are_read_moves_nobody_else(tool: GhostMembers) -> None:
    tool.hold(crowd(250))
    ids = {each.email: each.id for each in tool.audience.subscribers()}
    in_order = sorted(ids.values())
    gone = {in_order[0], in_order[150]}
    reading = tool.audience.subscribers()
    found = [next(reading).id]
    for each in gone:
        tool.ghost.call("DELETE", f"members/{each}/")
    for number in range(3):
        tool.ghost.add_member(f"new{number}@example.org")
    found += [each.id for each in reading]
    assert found == sorted(set(found))
    assert set(ids.values()) - gone <= set(found)
    assert in_order[150] not in found


def test_a_filter_of_the_owners_holds_on_every_page_and_at_the_second_look(ghost: Ghost) -> None:
    jazz, nobody = Person(email="j@example.org", opt_ins=("jazz",)), Person(email="n@example.org")
    everybody, tool = GhostMembers(ghost), GhostMembers(ghost, filter="label:jazz,label:gala")
    tool.hold([*crowd(130), jazz, nobody])
    assert len(by_address(tool.audience.subscribers())) == 131
    ids = {each.email: each.id for each in everybody.audience.subscribers()}
    asked = [ids[each.email] for each in (jazz, nobody)]
    assert [each.email for each in tool.audience.consent(asked)] == [jazz.email]


def test_a_filter_that_ghost_cannot_read_is_a_setting_to_mend(ghost: Ghost) -> None:
    with pytest.raises(ConfigError, match="Error parsing filter"):
        list(GhostMembers(ghost, filter="label:jazz)").audience.subscribers())


@pytest.mark.parametrize("odd", ["o'brien@example.org", "zz'top'@example.org"])
def test_a_suppressed_address_stays_so_beside_one_that_ghost_stumbles_over(tool: GhostMembers, odd: str) -> None:
    tool.hold([Person(email=odd), Person(email="ann@example.org"), Person(email="bounced@example.org")])
    tool.suppress("bounced@example.org")
    wanted = {odd: SUBSCRIBED, "ann@example.org": SUBSCRIBED, "bounced@example.org": SUPPRESSED}
    listed = list(tool.audience.subscribers())
    assert {each.email: each.status for each in listed} == wanted
    assert {each.email: each.status for each in tool.audience.consent([each.id for each in listed])} == wanted


def test_a_suppressed_address_that_ghost_itself_stumbles_over_is_suppressed(tool: GhostMembers) -> None:
    tool.hold([Person(email="o'brien@example.org"), Person(email="o'hara@example.org")])
    tool.suppress("o'hara@example.org")
    assert {each.email: each.status for each in tool.audience.subscribers()} == {
        "o'brien@example.org": SUBSCRIBED,
        "o'hara@example.org": SUPPRESSED,
    }


def test_the_key_of_another_integration_is_as_good(ghost: Ghost) -> None:
    _, key = ghost.add_integration("another")
    assert [each.level for each in _with_key(ghost, key).check()] == [Level.OK, Level.OK]


def test_the_key_of_an_integration_that_is_gone_is_a_setting_to_mend(ghost: Ghost) -> None:
    made, key = ghost.add_integration("short-lived")
    ghost.delete_integration(made)
    _refused(ghost, key)


@pytest.mark.parametrize("part", [0, 1])
def test_a_wrong_key_is_a_setting_to_mend_and_is_not_shown(ghost: Ghost, part: int) -> None:
    parts = ghost.admin_api_key.split(":")
    parts[part] = parts[part][::-1]
    _refused(ghost, ":".join(parts))


def _refused(ghost: Ghost, key: str) -> None:
    audience = _with_key(ghost, key)
    with pytest.raises(ConfigError, match="admin_api_key was refused") as caught:
        list(audience.subscribers())
    (finding,) = audience.check()
    assert finding.level is Level.ERROR
    assert not [part for part in key.split(":") if part in f"{caught.value} {finding}"]


def _with_key(ghost: Ghost, key: str) -> GhostAudience:
    return GhostAudience(Config(url=ghost.url, admin_api_key=SecretStr(key)))
