"""One address for several servers, as a reverse proxy makes it: each connection goes to the next that takes it."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count

from ticket_pipeline_tests.real.servers import HOST

_SOME = 65_536


@contextmanager
def one_address(ports: Sequence[int]) -> Iterator[int]:
    """Give the port of an address that stands for all of these."""
    listener = socket.create_server((HOST, 0), backlog=128)
    turn = threading.Thread(target=_serve, args=(listener, ports), daemon=True)
    turn.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone would leave the thread waiting.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        turn.join()


def _serve(listener: socket.socket, ports: Sequence[int]) -> None:
    for number in count():
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = _first_open([ports[(number + at) % len(ports)] for at in range(len(ports))])
        if server is None:
            client.close()
            continue
        threading.Thread(target=_join, args=(client, server), daemon=True).start()


def _join(client: socket.socket, server: socket.socket) -> None:
    with client, server:
        answering = threading.Thread(target=_pump, args=(server, client), daemon=True)
        answering.start()
        _pump(client, server)
        answering.join()


def _first_open(ports: Sequence[int]) -> socket.socket | None:
    for port in ports:
        with suppress(OSError):
            return socket.create_connection((HOST, port), timeout=60)
    return None


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(_SOME):
            target.sendall(some)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
