"""A mail server that throws mails away: `python -m bench.rig.mail_sink <port> <certificate> <key> <latency ms>`.

One connection at a time, without threads or an event loop, so that what is measured is who sends. It answers so many
milliseconds late, as if it were that far away. Any password is right. `VRFY count` tells how many mails it took since
this was last asked, `VRFY first` when the first of them came, `VRFY connections` over how many connections.
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
_EXTENSIONS = b"250-sink\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n"
_ANSWERS = {
    b"EHLO": _EXTENSIONS,
    b"STARTTLS": b"220 go on\r\n",
    b"AUTH": b"235 welcome\r\n",
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
def mail_sink(folder: Path, *, latency_ms: float = 0.0) -> Iterator[MailSink]:
    """Run a sink in a process of its own for the block."""
    folder.mkdir(exist_ok=True)
    certificate, key = write_certificate(folder)
    port, log = free_port(), folder / "mail-sink.log"
    command = [sys.executable, "-m", "bench.rig.mail_sink", str(port), str(certificate), str(key), str(latency_ms)]
    with running(command, log=log) as process:
        sink, until = MailSink(port, certificate), time.monotonic() + _START
        while True:
            with suppress(OSError):
                sink.take_count()
                break
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError(f"the mail sink did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)
        yield sink


@dataclass
class _Sink:
    """What came since it was last asked."""

    context: ssl.SSLContext
    latency: float
    mails: int = 0
    connections: int = 0
    first_at: float = 0.0

    def converse(self, connection: socket.socket) -> None:
        """Take mails until the other side goes."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._travel()  # the handshake of TCP
        answers, first = b"220 sink\r\n", True
        while answers:
            self._travel()
            connection.sendall(answers)
            if answers.endswith(_ANSWERS[b"DATA"]):
                answers, first = self._take(_read(connection, _END), new=first), False
                continue
            if answers == _ANSWERS[b"STARTTLS"]:
                self._travel()  # that of TLS
                connection = self.context.wrap_socket(connection, server_side=True)
            answers = b"".join(self._answer(each) for each in _read(connection, b"\r\n").splitlines())
        connection.close()

    def _travel(self) -> None:
        """Let a question and its answer be on their way."""
        if self.latency:
            time.sleep(self.latency)

    def _take(self, mail: bytes, *, new: bool) -> bytes:
        self.first_at = self.first_at if self.mails else time.time()
        self.mails += bool(mail)
        self.connections += new
        return b"250 ok\r\n"

    def _answer(self, line: bytes) -> bytes:
        verb, _, argument = line.partition(b" ")
        if verb.upper() != b"VRFY":
            return _ANSWERS.get(verb.upper(), b"250 ok\r\n")
        told = {b"count": self.mails, b"first": self.first_at, b"connections": self.connections}[argument]
        if argument == b"count":
            self.mails = self.connections = 0
        return f"250 {told}\r\n".encode()


def _read(connection: socket.socket, end: bytes) -> bytes:
    """Read up to an end; nothing where the other side has gone, which says no more before it is answered."""
    read = b""
    while not read.endswith(end):
        more = connection.recv(65536)
        if not more:
            return b""
        read += more
    return read


def main(port: int, certificate: Path, key: Path, latency: float) -> None:
    """Listen until stopped."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    sink = _Sink(context, latency)
    with socket.create_server((_HOST, port), backlog=128) as listener:
        while True:
            connection, _ = listener.accept()
            with suppress(OSError), connection:
                sink.converse(connection)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]) / 1000)
