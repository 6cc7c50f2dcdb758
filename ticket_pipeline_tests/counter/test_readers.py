import asyncio
from collections.abc import MutableMapping
from typing import Any

from ticket_pipeline.counter.feed import encode
from ticket_pipeline.counter.readers import Reader, Readers, StreamLimits
from ticket_pipeline_tests.counter.values import tally


class Page:
    """An ASGI server's side of one stream, and the connection under it."""

    def __init__(self) -> None:
        self.bytes = b""
        self.free = asyncio.Event()
        self.free.set()
        self.broken = False
        self.cut = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if not self.free.is_set():
            await self.free.wait()
        if self.broken:
            raise RuntimeError("a mistake of the server's")
        self.bytes += message["body"]

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0

    def get_extra_info(self, _: str) -> None:
        return None

    def abort(self) -> None:
        self.cut = True


def opened(readers: Readers, page: Page) -> Reader:
    reader = Reader(["a", "b"], page.send, client=None, transport=page)
    readers.add(reader, b"hello ", [])
    return reader


async def told(readers: Readers, *values: tuple[int, str, int]) -> None:
    for seq, definition_id, version in values:
        readers.tell(encode(seq, tally(definition_id, version)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_a_busy_reader_is_given_the_latest_values_in_their_order() -> None:
    async def story() -> None:
        readers, page = Readers(StreamLimits()), Page()
        reader = opened(readers, page)
        page.free.clear()
        await told(readers, (1, "b", 1), (2, "a", 1), (3, "b", 2), (4, "a", 2), (5, "b", 3))
        assert page.bytes == b"hello "
        page.free.set()
        readers.tick()
        assert page.bytes == b"hello " + encode(4, tally("a", 2)).event + encode(5, tally("b", 3)).event
        assert reader.stuck_since is None

    asyncio.run(story())


def test_a_reader_whose_stream_breaks_takes_no_other_with_it() -> None:
    async def story() -> None:
        readers, pages = Readers(StreamLimits()), [Page(), Page(), Page()]
        for page in pages:
            opened(readers, page)
        pages[1].broken = True
        await told(readers, (1, "a", 1))
        assert [page.bytes.endswith(b"\n\n") for page in pages] == [True, False, True]
        assert (len(readers), pages[1].cut) == (2, True)

    asyncio.run(story())


def test_thousands_are_told_with_pauses_for_others() -> None:
    async def story() -> None:
        readers, pages = Readers(StreamLimits()), [Page() for _ in range(600)]
        for page in pages:
            opened(readers, page)
        readers.tell(encode(1, tally()))
        counts = []
        for _ in range(4):
            counts.append(sum(b"data" in page.bytes for page in pages))
            await asyncio.sleep(0)
        assert counts == [0, 250, 500, 600]

    asyncio.run(story())


def test_at_the_end_whoever_reads_is_let_go_and_whoever_does_not_is_cut_off() -> None:
    async def story() -> None:
        readers, reads, stuck = Readers(StreamLimits()), Page(), Page()
        opened(readers, reads)
        opened(readers, stuck)
        stuck.free.clear()
        readers.end()
        assert (reads.cut, stuck.cut, len(readers), readers.full) == (False, True, 0, True)

    asyncio.run(story())
