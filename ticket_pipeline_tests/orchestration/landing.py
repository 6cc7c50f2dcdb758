"""What happens at the sandbox's site, landed as the receiver would land it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.store import inbox
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.sandbox.api import NOW
from ticket_pipeline_tests.stories.site_history import Site


@contextmanager
def landing(sandbox: RunningSandbox, state: SiteState, *, at: datetime = NOW) -> Iterator[None]:
    """Land at the end of the block the webhooks of what happens in it."""
    site = Site(sandbox.world)
    with site.recording():
        yield
    with state.writing() as tx:
        inbox.land(tx, state.site, site.sent, at=at)
