"""Standing: how the whole pipeline stands, as its database tells it; the same whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, text

from ticket_pipeline.store import figures
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import announcements, budgets, dead_letters
from ticket_pipeline.wix.budget import Level


@dataclass(frozen=True, kw_only=True)
class Standing:
    """All sites at one moment; a site of which there is nothing to say is left out."""

    #: Open dead letters, by site and flow.
    dead_letters: Mapping[tuple[str, str], int]
    #: The request budget when it was last drawn from.
    budgets: Mapping[str, Level]
    #: Announcements that are under way, or were left unfinished.
    open_announcements: Mapping[str, int]
    #: What runs did, by site and name.
    figures: Mapping[tuple[str, str], figures.Figures]


def look(tx: Transaction) -> Standing:
    """Look at everything in one view."""
    letters, told = dead_letters.c, announcements.c
    # As text, not as a parameter, so that the partial index is seen to fit.
    buried = select(letters.site, letters.flow, func.count()).where(text("resolved_at IS NULL"))
    begun = select(told.site, func.count()).where(told.state == "open").group_by(told.site)
    levels = tx.execute(select(budgets.c.site, budgets.c.tokens, budgets.c.at))
    return Standing(
        dead_letters={(row[0], row[1]): row[2] for row in tx.execute(buried.group_by(letters.site, letters.flow))},
        budgets={site: Level(tokens=tokens, at=at) for site, tokens, at in levels},
        open_announcements=dict(tx.execute(begun).all()),
        figures=figures.everything(tx),
    )
