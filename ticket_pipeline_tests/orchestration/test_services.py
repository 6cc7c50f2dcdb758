"""The supervisor: services start, are waited for, are missed when they die, and leave nothing behind."""

import os
import re
import socket
import sys
import time
from pathlib import Path

import pytest

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.orchestration.services import Service, ServiceDiedError, Supervisor, refuse_ports_in_use
from ticket_pipeline_tests.orchestration.free_port import free_port

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", deaf])
print("child", child.pid, flush=True)
time.sleep(60)
"""


def supervisor(folder: Path) -> Supervisor:
    return Supervisor({"PATH": os.defpath}, folder / "logs")


def service(code: str, **more: object) -> Service:
    return Service(name="demo", command=[sys.executable, "-c", code], **more)  # type: ignore[arg-type]  # a test's words


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{pid}/status").read_text()


def test_a_service_is_waited_for_until_it_answers(tmp_path: Path) -> None:
    port = free_port()
    code = f"import http.server as h; h.HTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()"
    demo = service(code, ready_url=f"http://127.0.0.1:{port}/")
    with supervisor(tmp_path) as running:
        running.start(demo)
        running.wait_ready(demo)
        running.look()


def test_a_service_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    demo = service("print('no money'); raise SystemExit(3)", ready_url="http://127.0.0.1:9/")
    with supervisor(tmp_path) as running:
        running.start(demo)
        with pytest.raises(ServiceDiedError, match=r"demo ended with status 3(.|\n)*no money"):
            running.wait_ready(demo)


def test_one_that_never_answers_is_given_up(tmp_path: Path) -> None:
    demo = service("import time; time.sleep(60)", ready_url=f"http://127.0.0.1:{free_port()}/")
    with supervisor(tmp_path) as running:
        running.start(demo)
        with pytest.raises(ServiceDiedError, match="demo did not answer within 0 s"):
            running.wait_ready(demo, patience=0.2)


def test_nothing_is_left_behind_not_even_a_stubborn_grandchild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticket_pipeline.orchestration.services._GRACE", 0.3)
    monkeypatch.setattr("ticket_pipeline.orchestration.services._LEFTOVERS", 0.3)
    log = tmp_path / "logs" / "demo.log"
    with supervisor(tmp_path) as running:
        running.start(service(STUBBORN))
        while not (found := re.search(r"child (\d+)", log.read_text())):
            time.sleep(0.05)
        child = int(found[1])
        assert is_running(child)
    assert not is_running(child)


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = Service(name="Dagster", command=[], port=port, port_option="--dagster-port")
        with pytest.raises(ConfigError, match=f"port {port}, for Dagster, is in use.*--dagster-port"):
            refuse_ports_in_use([demo])
        mailing = Service(name="sandbox", command=[], port=free_port(), more_ports={"--mail-port": port})
        with pytest.raises(ConfigError, match=f"port {port}, for sandbox, is in use.*--mail-port"):
            refuse_ports_in_use([mailing])
