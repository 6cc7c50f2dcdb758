"""Dagster's front door: the declared pipeline as `Definitions`."""

import dagster as dg

from ticket_pipeline import config
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.orchestration.code_location import build
from ticket_pipeline.wiring import Wiring


@dg.definitions
def defs() -> dg.Definitions:
    """Read the declared pipeline; a mistake in it is shown, as its sentence, where Dagster loads this."""
    try:
        return build(Wiring(config.load()))
    except ConfigError as error:
        # Dagster would show the cause too, and that one quotes what was read, secrets included.
        raise ConfigError(str(error)) from None
