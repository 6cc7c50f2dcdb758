"""The audience contract, put to a real Ghost."""

from typing import ClassVar

import pytest

from ticket_pipeline_tests.audiences.contract import AudienceContract
from ticket_pipeline_tests.real.ghost_members import GhostMembers
from ticket_pipeline_tests.real.ghost_server import Ghost


class TestRealGhost(AudienceContract):
    """Ghost keeps the contract."""

    many: ClassVar[int] = 3_000

    @pytest.fixture
    def tool(self, ghost: Ghost) -> GhostMembers:
        return GhostMembers(ghost)

    def test_no_secret_of_this_ghost_is_shown(self, tool: GhostMembers) -> None:
        shown = f"{tool.audience.identity} {tool.audience!r}"
        assert not [part for part in tool.ghost.admin_api_key.split(":") if part in shown]
