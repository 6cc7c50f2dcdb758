"""A mail server that throws mails away, as fast as Python can: `python -m bench.rig.mail_sink <port> <certificate> <key>`.

One connection at a time, without threads or an event loop, so that what is measured is who sends. `VRFY count` tells how many mails it took since it was last asked,
`VRFY first` when the first of them came, `VRFY connections` over how many connections.
"""

import smtplib
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.rig.children import running
from bench.rig.sandbox import free_port
from ticket_pipeline_tests.channels.certificates import write_certificate

_HOST, _START = "127.0.0.1", 30.0
_END = b"\r\n.\r\n"
_ANSWERS = {
    b"EHLO": b"250-sink\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n",
    b"STARTTLS": b"220 go on\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


@dataclass(frozen=True)
class MailSink:
    """A running sink."""

    port: int
    #: The authority its certificate is signed by.
    ca_file: Path

    def take_count(self) -> int:
        """Tell how many mails came since this was last asked, and count from nought."""
        return int(self._ask("count"))

    def first_at(self) -> float:
        """Tell when the first mail since the last count came, in seconds since 1970."""
        return float(self._ask("first"))

    def connections(self) -> int:
        """Tell over how many connections mails came since the last count."""
        return int(self._ask("connections"))

    def _ask(self, what: str) -> str:
        with smtplib.SMTP(_HOST, self.port, "bench") as smtp:
            return smtp.verify(what)[1].decode()


@contextmanager
def mail_sink(folder: Path) -> Iterator[MailSink]:
    """Run a sink in a process of its own for the block."""
    certificate, key = write_certificate(folder)
    port = free_port()
    command = [sys.executable, "-m", "bench.rig.mail_sink", str(port), str(certificate), str(key)]
    with running(command, log=folder / "mail-sink.log") as process:
        sink, until = MailSink(port, certificate), time.monotonic() + _START
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError):
                sink.take_count()
                break
            time.sleep(0.05)
        yield sink


class _Counts:
    """What came since it was last asked."""

    mails, connections, first_at, new = 0, 0, 0.0, True

    def count(self) -> None:
        """Count a mail."""
        if not self.mails:
            self.first_at = time.time()
        self.mails += 1
        self.connections += self.new
        self.new = False

    def told(self, what: bytes) -> bytes:
        """Answer VRFY."""
        answer = {b"count": self.mails, b"first": self.first_at, b"connections": self.connections}[what]
        if what == b"count":
            self.mails = self.connections = 0
        return b"250 %s\r\n" % str(answer).encode()


def _converse(connection: socket.socket, context: ssl.SSLContext, counts: _Counts) -> None:
    """Take mails until the other side goes."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"220 sink\r\n")
    counts.new = True
    while line := _read(connection, b"\r\n"):
        verb, _, argument = line.rstrip().partition(b" ")
        verb = verb.upper()
        connection.sendall(counts.told(argument) if verb == b"VRFY" else _ANSWERS.get(verb, b"250 ok\r\n"))
        if verb == b"STARTTLS":
            connection = context.wrap_socket(connection, server_side=True)
        elif verb == b"DATA":
            _read(connection, _END)
            counts.count()
            connection.sendall(b"250 ok\r\n")
        elif verb == b"QUIT":
            break
    connection.close()


def _read(connection: socket.socket, end: bytes) -> bytes:
    """Read up to an end; the other side says nothing more before it is answered."""
    read = connection.recv(65536)
    while read and not read.endswith(end):
        more = connection.recv(65536)
        if not more:
            return b""
        read += more
    return read


def main(port: int, certificate: Path, key: Path) -> None:
    """Listen until stopped."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    counts = _Counts()
    with socket.create_server((_HOST, port), backlog=128) as listener:
        while True:
            connection, _ = listener.accept()
            with suppress(OSError):
                _converse(connection, context, counts)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
