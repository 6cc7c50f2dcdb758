"""Dagster's front door: the declared pipeline as `Definitions`."""

import dagster as dg

from ticket_pipeline import config
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.log_lines import write_ours
from ticket_pipeline.orchestration.code_location import build
from ticket_pipeline.tracing import export_to_collector
from ticket_pipeline.wiring import Wiring


def observe(*, as_json: bool) -> None:
    """Have what loads this, and so every run, log as declared and send spans where somebody collects them."""
    write_ours(as_json=as_json)
    if config.traces_wanted():
        export_to_collector()


@dg.definitions
def defs() -> dg.Definitions:
    """Read the declared pipeline; a mistake in it is shown, as its sentence, where Dagster loads this."""
    try:
        pipeline = config.load()
        observe(as_json=pipeline.server.log_format == "json")
        return build(Wiring(pipeline))
    except ConfigError as error:
        # Dagster would show the cause too, and that one quotes what was read, secrets included.
        raise ConfigError(str(error)) from None
