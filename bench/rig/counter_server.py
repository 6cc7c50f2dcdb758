"""Our server in a process of its own, with counters on a sandbox; state in a folder that goes away."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from bench.rig.children import running
from bench.rig.pipeline import SITE
from bench.rig.sandbox import free_port
from ticket_pipeline.sandbox.published_key import SANDBOX_WEBHOOK_PUBLIC_KEY
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID

_START = 60.0
_RSS = re.compile(r"^VmRSS:\s+([0-9]+) kB", re.MULTILINE)


@dataclass(frozen=True)
class CounterServer:
    """Where it is."""

    port: int
    pid: int

    @property
    def webhooks(self) -> str:
        """The address for the site's webhooks."""
        return f"http://127.0.0.1:{self.port}/webhooks/{SITE}"

    def value(self, definition_id: str) -> dict[str, Any] | None:
        """Give a counter's JSON; None before it has been read."""
        answer = requests.get(f"http://127.0.0.1:{self.port}/counters/{definition_id}", timeout=10)
        return answer.json() if answer.ok else None

    def rss_kb(self) -> int:
        """Tell how much memory it holds now; needs /proc."""
        found = _RSS.search(Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8"))
        if found is None:
            raise RuntimeError("/proc does not tell how much memory the server holds")
        return int(found[1])


@contextmanager
def counter_server(
    folder: Path, wix_url: str, definition_ids: Sequence[str], *, requests_per_minute: int
) -> Iterator[CounterServer]:
    """Run `serve` with all counters shown until the end of the block; it is yielded once these have values."""
    folder.mkdir()
    port, log = free_port(), folder / "server.log"
    declared = _declare(folder, wix_url, requests_per_minute)
    command = [sys.executable, "-m", "ticket_pipeline", "serve", "--config", str(declared), "--port", str(port)]
    with running(command, log=log) as process:
        server = CounterServer(port, process.pid)
        _wait(server, definition_ids, process, log)
        yield server


def _declare(folder: Path, wix_url: str, requests_per_minute: int) -> Path:
    wix = {
        "base_url": wix_url,
        "auth": {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID},
        "webhook_public_key": SANDBOX_WEBHOOK_PUBLIC_KEY,
        "requests_per_minute": requests_per_minute,
    }
    path = folder / "pipeline.yaml"
    state = f"sqlite:///{folder / 'state.db'}"
    path.write_text(yaml.safe_dump({"state": state, "sites": {SITE: {"wix": wix, "counters": {"definitions": "all"}}}}))
    return path


def _wait(server: CounterServer, definition_ids: Sequence[str], process: "subprocess.Popen[bytes]", log: Path) -> None:
    until, missing = time.monotonic() + _START, list(definition_ids)
    while time.monotonic() < until and process.poll() is None:
        try:
            missing = [each for each in missing if server.value(each) is None]
        except requests.ConnectionError:
            time.sleep(0.1)
            continue
        if not missing:
            return
        time.sleep(0.1)
    written = log.read_text(encoding="utf-8")[-2000:]
    raise RuntimeError(f"{len(missing)} counters had no value after {_START:.0f} s:\n{written}")
