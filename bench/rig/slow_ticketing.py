"""A ticketing system that takes its time: `python -m bench.rig.slow_ticketing <port> <milliseconds an answer>`.

It is the tests' pretix at an address; whatever it is asked at once, it takes its time for all of it at once.
"""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from ticket_pipeline_tests.destinations.pretix_stub import PretixStub
from ticket_pipeline_tests.real.slow_pretix import send_on


def main(port: int, latency_ms: float) -> None:
    """Serve until killed."""
    stub = PretixStub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = requests.Request(self.command, f"http://127.0.0.1:{port}{self.path}", dict(self.headers), data=body)
            answer = stub.send(asked.prepare())
            time.sleep(latency_ms / 1000)
            send_on(self, answer)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names http.server asks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
