"""What `retention:` may say: for how long what is remembered is kept; each age has a floor that promises need."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ticket_pipeline.model.retention import Ages, Kept
from ticket_pipeline.setting_types import Duration

#: Wix repeats a webhook for 47 hours; what one of its tokens is good for, as far as was seen, is three and a half days.
_TOKENS_LIVE = timedelta(days=4)
#: What the calendar and the checks of announcements look back on.
_LOOKED_BACK_ON = timedelta(days=7)
#: Nothing is older; what is to be kept for longer is kept for good, and there are instants so long ago.
_FOR_GOOD = timedelta(days=36_500)


def _or_more(days: int) -> Callable[[timedelta], timedelta]:
    def check(given: timedelta) -> timedelta:
        if given < timedelta(days=days):
            raise ValueError(f"is not allowed; allowed: {days}d or more")
        return given

    return check


_ADayOrMore = Annotated[Duration, AfterValidator(_or_more(1))]
_AWeekOrMore = Annotated[Duration, AfterValidator(_or_more(7))]


class RetentionSettings(BaseModel):
    """How long what is remembered is kept; older things are cleared away every night."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    inbox: _AWeekOrMore = Field(
        default=timedelta(days=30),
        description="Webhooks that are done with; so far back a replay reaches, and a repeat is known as one",
    )
    dead_letters: _ADayOrMore = Field(default=timedelta(days=90), description="Dead letters that were resolved")
    approvals: _ADayOrMore = Field(default=timedelta(days=30), description="Plans that a person let through")
    counter_history: _ADayOrMore = Field(
        default=timedelta(days=90), description="What counters showed, and why: `ticket-pipeline counters why`"
    )
    receipts: _AWeekOrMore = Field(
        default=timedelta(days=90),
        description="Who was told of a sale start, as hashes; that it was announced is remembered for good",
    )
    runs: _ADayOrMore = Field(default=timedelta(days=30), description="Dagster's runs that are over, with their logs")
    reports: _ADayOrMore = Field(
        default=timedelta(days=7), description="What Dagster was told without a run: counters that moved, above all"
    )

    def ages(self, *, late_limit: timedelta, expiry_tolerance: timedelta) -> Ages:
        """Give the ages, none shorter than what a site declared elsewhere needs."""
        of_state = {
            Kept.INBOX: max(self.inbox, _TOKENS_LIVE + expiry_tolerance),
            Kept.DEAD_LETTERS: self.dead_letters,
            Kept.APPROVALS: self.approvals,
            Kept.COUNTER_HISTORY: self.counter_history,
            Kept.RECEIPTS: max(self.receipts, _LOOKED_BACK_ON + late_limit),
        }
        return Ages(
            of_state={kind: min(age, _FOR_GOOD) for kind, age in of_state.items()},
            runs=min(self.runs, _FOR_GOOD),
            reports=min(self.reports, _FOR_GOOD),
        )
