"""Keep a ticketing system, a live counter and sale-start announcements in step with a Wix Events site."""

from typing import TYPE_CHECKING

__all__ = ["WixTickets"]

if TYPE_CHECKING:
    from ticket_pipeline.orchestration.component import WixTickets
else:
    # `dg` finds components by this package's names; whoever does not ask for one does not wait for Dagster.

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from ticket_pipeline.orchestration.component import WixTickets

        return WixTickets

    def __dir__():
        return sorted({*globals(), *__all__})
