"""Run a command beside a private PostgreSQL: `python -m ticket_pipeline_tests.real.with_postgresql pytest …`.

The command finds its address in TICKET_PIPELINE_TEST_POSTGRESQL_URL; the server is gone when the command is done.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from ticket_pipeline_tests.real.postgresql_server import programs, running_postgresql

ADDRESS = "TICKET_PIPELINE_TEST_POSTGRESQL_URL"


def main(command: Sequence[str]) -> int:
    """Run the command; say plainly where there is no PostgreSQL, which is no failure."""
    found = programs()
    if found is None:
        print("PostgreSQL is not installed (Debian: apt-get install postgresql): its tests are skipped")  # noqa: T201 - this is for a terminal
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with running_postgresql(found) as server:
        return subprocess.run(command, env={**os.environ, ADDRESS: server.url()}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
