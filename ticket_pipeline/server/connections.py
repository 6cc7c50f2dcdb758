"""What a connection may do before anybody looks at what it asks for."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ticket_pipeline.counter.stream import TRANSPORT

#: Bytes that come before a body at most, give or take what is received at once, and in how many seconds.
LONGEST_HEAD, HEAD_PATIENCE = 65_536, 30.0


class Connection(HttpToolsProtocol):
    """Lets an answer cut its connection off, which ASGI has no word for, and bounds what comes before a body."""

    _head = 0
    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._giving_up is not None:
            self._head += len(data)
            if self._head > LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("The headers are too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item] # not a table of options
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._head = 0
        self._giving_up = self.loop.call_later(HEAD_PATIENCE, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
