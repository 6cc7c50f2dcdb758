"""A real mail server with an inbox to look into: maildev, from its package.

https://github.com/maildev/maildev/blob/v3.0.0/docs/rest.md
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import requests

from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.servers import HOST, installed, run, running, wait_until

VERSION = "3.0.0"


@dataclass(frozen=True, kw_only=True)
class Maildev:
    """A running maildev."""

    url: str
    smtp_port: int

    def inbox(self) -> list[dict[str, Any]]:
        """List the mails as its page does; headers it does not know are left out of them."""
        found: list[dict[str, Any]] = self._get("").json()
        return found

    def source(self, mail: dict[str, Any]) -> EmailMessage:
        """Read a mail with all its headers."""
        return message_from_string(self._get(f"/{mail['id']}/source").text, policy=policy.default)

    def empty(self) -> None:
        """Throw all mails away."""
        requests.delete(f"{self.url}/api/email/all", timeout=10).raise_for_status()

    def _get(self, path: str) -> requests.Response:
        answer = requests.get(f"{self.url}/api/email{path}", timeout=10)
        answer.raise_for_status()
        return answer


@contextmanager
def running_maildev(folder: Path) -> Iterator[Maildev]:
    """Run a maildev with an empty inbox."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("maildev needs Node.js and npm, which are not installed")
    program = installed("maildev", _install) / "node_modules" / ".bin" / "maildev"
    smtp, web, log = free_port(), free_port(), folder / "maildev.log"
    # Left alone it listens on every address.
    command = [str(program), "--ip", HOST, "--web-ip", HOST, "--smtp", str(smtp), "--web", str(web)]
    url = f"http://{HOST}:{web}"
    with running(command, folder=folder, log=log) as process:
        wait_until(lambda: requests.get(f"{url}/api/healthz", timeout=5).ok, process, log)
        yield Maildev(url=url, smtp_port=smtp)


def _install(folder: Path) -> None:
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", f"maildev@{VERSION}"], folder=folder)
