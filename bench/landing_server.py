"""The server that `bench.landing` loads, in a process of its own: ours, with two handlers beside it to compare with.

    python -m bench.landing_server DATABASE_URL PUBLIC_KEY_FILE

Prints its port. `/webhooks/wix` is ours, `/empty` answers 200 to anything, `/naive` verifies and commits one row per
request.
"""

import gc
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ticket_pipeline.server import ServerParts, build_server, listening, uvicorn_config
from ticket_pipeline.store import inbox
from ticket_pipeline.store.database import open_database
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline.webhooks.keys import read_keys
from ticket_pipeline.webhooks.unwrap import unwrap
from ticket_pipeline.webhooks.verify import verify


async def empty(_: Request) -> Response:
    """Do nothing."""
    return PlainTextResponse("landed")


def main(url: str, key_file: str) -> None:
    """Serve until killed."""
    database = open_database(url)
    keys = read_keys(Path(key_file).read_text())

    def commit(raw: bytes) -> None:
        envelope = unwrap(verify(raw, keys, now=datetime.now(UTC)).claims)
        with database.writing() as tx:
            inbox.land(tx, "box_office", [envelope], at=datetime.now(UTC))

    async def naive(request: Request) -> Response:
        await run_in_threadpool(commit, await request.body())
        return PlainTextResponse("landed")

    compared = [Route("/empty", empty, methods=["POST"]), Route("/naive", naive, methods=["POST"])]
    parts = ServerParts(database=database, endpoints=[Endpoint(site="box_office", keys=keys)], routes=compared)
    gc.freeze()  # as `serve` does
    with listening("127.0.0.1", 0) as listener:
        print(listener.getsockname()[1], flush=True)  # noqa: T201 - what the bench waits for
        uvicorn.Server(uvicorn_config(build_server(parts))).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
