"""Check: what is said of a Wix that does not answer."""

from unittest.mock import Mock

import pytest

from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.flows.check import check_wix
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline_tests.webhooks.signing import NOON


def remedy(error: Exception, *, own_address: bool) -> str | None:
    wix = Mock(spec=WixClient)
    wix.call.side_effect = error
    wix.server_time.return_value = None
    (failed,) = check_wix(wix, now=NOON, own_address=own_address)
    assert failed.seen == str(error)
    return failed.remedy


@pytest.mark.parametrize("own_address", [True, False])
def test_whether_the_address_is_right_is_asked_only_of_those_who_declared_one(own_address: bool) -> None:
    told = remedy(TransientError("Wix: no answer"), own_address=own_address)
    assert told is not None
    assert "nothing is wrong here; check again later" in told
    assert ("is wix.base_url right?" in told) is own_address


def test_what_wix_refuses_is_to_be_mended_first() -> None:
    assert remedy(ConfigError("Wix: access"), own_address=True) == "mend this first, then check again"
