"""Ids in addresses."""

import pytest

from ticket_pipeline.errors import NotFoundError
from ticket_pipeline.wix.ids import in_path


def test_a_guid_goes_into_an_address_as_it_is() -> None:
    assert in_path("077766f0-ffa4-4fa1-bdf8-dbb0439c1892") == "077766f0-ffa4-4fa1-bdf8-dbb0439c1892"


@pytest.mark.parametrize("identity", ["", "..", "a/b", "a?b", "a b", "é", "x" * 101])
def test_what_is_no_id_is_not_found_and_never_asked_for(identity: str) -> None:
    with pytest.raises(NotFoundError, match="no id of Wix's"):
        in_path(identity)
