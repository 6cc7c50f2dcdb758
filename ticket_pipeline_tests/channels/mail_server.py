"""A mail server that answers as a test says, and hangs up where it says so."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

#: Hang up instead of answering.
HANG_UP = "hang up"
#: Given the argument of a command (the address), the answer; None: the usual one.
Answer = Callable[[str], str | None]
_USUAL = {
    "BANNER": "220 here",
    "EHLO": "250-here\r\n250 8BITMIME",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "END": "250 taken",
    "RSET": "250 ok",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


@dataclass
class MailServer:
    """What arrived, and how it answers."""

    port: int = 0
    #: By verb; BANNER is said first, END answers the mail itself.
    answers: dict[str, Answer] = field(default_factory=dict)
    #: Mails that were taken: (recipient, mail).
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    #: Mails that were read whole, taken or not.
    read: list[bytes] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)

    def answer(self, verb: str, argument: str) -> str:
        """Give the answer to a command."""
        told = self.answers[verb](argument) if verb in self.answers else None
        return told or _USUAL.get(verb, "502 what?")


class _Conversation(socketserver.StreamRequestHandler):
    recipient = ""

    def handle(self) -> None:
        world = cast("_Listener", self.server).world
        world.connections += 1
        if not self.say(world.answer("BANNER", "")):
            return
        for raw in self.rfile:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            world.commands.append(line)
            if verb == "RCPT":
                self.recipient = argument.partition("<")[2].partition(">")[0]
            answer = world.answer(verb, self.recipient)
            if not self.say(answer) or (answer.startswith("354") and not self.read_mail(world)) or verb == "QUIT":
                return

    def read_mail(self, world: MailServer) -> bool:
        lines: list[bytes] = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = b"".join(lines)
        world.read.append(mail)
        answer = world.answer("END", self.recipient)
        if answer.startswith("250"):
            world.taken.append((self.recipient, mail))
        return self.say(answer)

    def say(self, answer: str) -> bool:
        if answer == HANG_UP:
            return False
        self.wfile.write(f"{answer}\r\n".encode())
        return not answer.startswith("421")


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    world: MailServer


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Listen on a free port of this machine."""
    with _Listener(("127.0.0.1", 0), _Conversation) as listener:
        listener.world = MailServer(port=listener.server_address[1])
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener.world
        finally:
            listener.shutdown()
            thread.join()
