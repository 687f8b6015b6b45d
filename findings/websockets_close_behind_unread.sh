#!/usr/bin/env bash
# websockets 17.4: a client that closes with unread messages waits for its whole close_timeout.
#
# Good guess: `close()`, or leaving `async with connect(...)`, is over after one round trip: the other side answers at once.
# Seen: when more messages are unread than `max_queue` holds (16 by default), the client has stopped reading, so that it
#   never sees the answer to its close, which stands behind them; it hangs up after close_timeout (10 s by default). With
#   `max_queue=None` the same client closes within milliseconds.
# Why it matters: who leaves a stream of audio early (an interruption, a test, a proxy) waits 10 s and closes without the
#   handshake. A way out: a queue without a bound, or reading on until the connection is closed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "websockets==17.4"
"$folder/venv/bin/python" - <<'PY'
import asyncio
import time

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

MESSAGES, CLOSE_SECONDS = 200, 3.0


async def talk(connection: ServerConnection) -> None:
    for _ in range(MESSAGES):
        await connection.send("x" * 100)
    await connection.wait_closed()


async def seconds_to_leave(port: int, max_queue: int | None) -> float:
    async with connect(f"ws://127.0.0.1:{port}", close_timeout=CLOSE_SECONDS, max_queue=max_queue) as connection:
        await connection.recv()
        await asyncio.sleep(0.5)  # the rest arrives
        began = time.monotonic()
    return time.monotonic() - began


async def main() -> None:
    async with serve(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        bounded, unbounded = await seconds_to_leave(port, 16), await seconds_to_leave(port, None)
    print(f"closing took {bounded:.2f} s with a queue of 16, {unbounded:.3f} s without a bound")
    assert bounded >= CLOSE_SECONDS * 0.9, "it closes at once: the guess is right now"
    assert unbounded < CLOSE_SECONDS / 2


asyncio.run(main())
PY
