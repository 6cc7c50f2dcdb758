"""Whatever order, duplicates, losses and crashes come, all ways end in the state of one clean load.

On SQLite, or where one is offered on PostgreSQL.
"""

import itertools
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.flows.follow import follow
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.policy import OnDelete, Policy
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.store import definitions, inbox, links
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.links import LinkState
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.flows.stage import Stage, build
from ticket_pipeline_tests.sandbox.api import NOW, Api, Clock
from ticket_pipeline_tests.store.conftest import POSTGRESQL, FreshUrl, postgresql_urls, sqlite_urls
from ticket_pipeline_tests.stories.site_history import DEEDS, Site

SITE = "box_office"
#: Nothing is held: what is tested here is where all ways end.
POLICY = Policy(on_delete=OnDelete.DELETE, max_delete_fraction=Policy().max_delete_fraction * 0 + 1)
ON_POSTGRESQL = bool(os.environ.get(POSTGRESQL))
#: As many cases as the profile says, a hundred of each, or thousands; on PostgreSQL a few, as each makes two databases.
CASES = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=min(settings().max_examples, 15) if ON_POSTGRESQL else settings().max_examples,
)


class CrashError(Exception):
    """The process died here."""


@dataclass(frozen=True, kw_only=True)
class MortalState(SiteState):
    """A state whose process dies at one of its transactions: before it, or right after it was committed."""

    fuse: Iterator[bool]
    after_commit: bool

    def writing(self) -> AbstractContextManager[Transaction]:
        """Write, or die."""
        return self._writing()

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        burnt = next(self.fuse, False)
        if burnt and not self.after_commit:
            raise CrashError
        with super().writing() as tx:
            yield tx
        if burnt:
            raise CrashError


@pytest.fixture(scope="module")
def small_world() -> Iterator[RunningSandbox]:
    with running(SandboxSettings(now=NOW, events=3, definitions=9), Clock()) as sandbox:
        yield sandbox


@pytest.fixture
def fresh_url(tmp_path: Path) -> Iterator[FreshUrl]:
    yield from postgresql_urls() if ON_POSTGRESQL else sqlite_urls(tmp_path)


def set_stage(sandbox: RunningSandbox, fresh_url: FreshUrl) -> Stage:
    stage = build(sandbox, Api(sandbox.base_url), fresh_url())
    stage.policy = POLICY
    return stage


def land(stage: Stage, envelopes: list[Envelope]) -> None:
    with stage.site.state.writing() as tx:
        inbox.land(tx, SITE, envelopes, at=NOW)


def follow_once(stage: Stage, state: SiteState) -> None:
    follow(state, stage.site.wix, stage.sync_parts, now=NOW)


def delivered(sent: list[Envelope], dice: Random, *, loss: float) -> list[list[Envelope]]:
    """Deliver as Wix may: out of order, some twice, some never, in handfuls."""
    arriving = [each for each in sent for _ in range(dice.choice([1, 1, 1, 2, 3])) if dice.random() >= loss]
    dice.shuffle(arriving)
    handfuls: list[list[Envelope]] = []
    while arriving:
        size = dice.randrange(1, 6)
        handfuls.append(arriving[:size])
        arriving = arriving[size:]
    return handfuls


def mortal(stage: Stage, dice: Random) -> SiteState:
    at = dice.randrange(12)
    fuse = (step == at for step in itertools.count())
    state = stage.site.state
    return MortalState(database=state.database, site=state.site, fuse=fuse, after_commit=dice.random() < 0.5)


def everything(stage: Stage) -> dict[str, object]:
    """Give all that two stages must agree on."""
    with stage.site.state.reading() as tx:
        live = {each.id: (each.revision, each.name) for each in definitions.live(tx, SITE)}
        linked = links.read(tx, SITE, stage.site.destination.identity)
    return {
        "definitions": live,
        "destination": {each: (dict(held.fields), held.archived) for each, held in stage.place.held.items()},
        "links": {each: link.content_hash for each, link in linked.items() if link.state is LinkState.LINKED},
    }


def clean(sandbox: RunningSandbox, fresh_url: FreshUrl) -> dict[str, object]:
    stage = set_stage(sandbox, fresh_url)
    stage.sync()
    found = everything(stage)
    close(stage)
    return found


def close(stage: Stage) -> None:
    stage.site.database.close()
    stage.api.session.close()


HISTORIES = st.lists(st.sampled_from(DEEDS), min_size=1, max_size=14)
DICE = st.integers(0, 10**9)


@CASES
@given(history=HISTORIES, seed=DICE, crashes=st.booleans())
def test_without_losses_following_the_webhooks_is_enough(
    small_world: RunningSandbox, fresh_url: FreshUrl, history: list[str], seed: int, crashes: bool
) -> None:
    dice, site, stage = _begin(small_world, fresh_url, history, seed)
    for handful in delivered(site.sent, dice, loss=0):
        land(stage, handful)
        with suppress(CrashError):
            follow_once(stage, mortal(stage, dice) if crashes else stage.site.state)
    follow_once(stage, stage.site.state)
    assert everything(stage) == clean(small_world, fresh_url)
    assert_one_to_one(stage)
    close(stage)


@CASES
@given(history=HISTORIES, seed=DICE, loss=st.floats(0, 0.3), synced_first=st.booleans())
def test_with_losses_one_reconcile_is_enough(
    small_world: RunningSandbox, fresh_url: FreshUrl, history: list[str], seed: int, loss: float, synced_first: bool
) -> None:
    dice, site, stage = _begin(small_world, fresh_url, history, seed, synced_first=synced_first)
    for handful in delivered(site.sent, dice, loss=loss):
        land(stage, handful)
        with suppress(CrashError):
            follow_once(stage, mortal(stage, dice))
    stage.reconcile()
    assert everything(stage) == clean(small_world, fresh_url)
    assert_one_to_one(stage)
    close(stage)


@CASES
@given(history=HISTORIES, seed=DICE)
def test_the_inbox_replayed_into_an_empty_state_gives_the_state_of_a_clean_load(
    small_world: RunningSandbox, fresh_url: FreshUrl, history: list[str], seed: int
) -> None:
    dice, site, stage = _begin(small_world, fresh_url, history, seed, synced_first=False)
    loaded = whole_inbox(site, dice)
    land(stage, loaded)
    follow_once(stage, stage.site.state)
    assert everything(stage) == clean(small_world, fresh_url)
    close(stage)


def whole_inbox(site: Site, dice: Random) -> list[Envelope]:
    """Give the whole history: of each event that was there before, one webhook, and all that came after, shuffled."""
    model = Envelope(
        key="",
        topic="wix.events.v3.event_updated",
        instance_id=None,
        entity_id="",
        event_id="",
        occurred_at=None,
        body={},
    )
    first = [replace(model, key=f"first-{each}", entity_id=each, event_id=each) for each in site.at_first]
    history = [*first, *site.sent]
    dice.shuffle(history)
    return history


def _begin(
    sandbox: RunningSandbox, fresh_url: FreshUrl, history: list[str], seed: int, *, synced_first: bool = True
) -> tuple[Random, Site, Stage]:
    sandbox.desk.reset()
    dice, site = Random(seed), Site(sandbox.world)
    stage = set_stage(sandbox, fresh_url)
    if synced_first:
        stage.sync()
    site.live(history, dice)
    return dice, site, stage


def assert_one_to_one(stage: Stage) -> None:
    ids = [held.external_id for held in stage.place.held.values()]
    assert len(set(ids)) == len(ids)
    assert stage.publish().written == 0
