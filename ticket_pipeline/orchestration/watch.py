"""What somebody who runs the assets in their own process sees of them."""

from dataclasses import dataclass

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.model.report import EventsReport, LoadReport, MapReport, PublishReport


@dataclass(kw_only=True)
class Watch:
    """A place for the flows' progress, reports and errors, which Dagster itself would not hand out."""

    progress: Progress = unwatched
    events: EventsReport | None = None
    loaded: LoadReport | None = None
    mapped: MapReport | None = None
    published: PublishReport | None = None
    #: What the last attempt of an asset failed with, as the flow raised it.
    error: TicketPipelineError | None = None
    #: Whether somebody stopped the run.
    interrupted: bool = False
