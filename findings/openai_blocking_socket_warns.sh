#!/usr/bin/env bash
# openai 3.57.0 with websockets 17.4: the blocking client's sockets, used as documented, in a `with` statement
# Guess: whoever writes `with client.realtime.connect(...) as connection` uses both libraries as they are meant to be
#   used, so nothing warns. If anything did, it would be the connect itself.
# Seen: the connect says nothing, and the first receive warns (DeprecationWarning): websockets wants its own object in a
#   `with` statement, and openai enters it without one and hands on the bare connection. The asynchronous client, the
#   same program otherwise, never warns.
# Matters: a test suite that turns warnings into errors fails in its first `recv()`, far from the cause and only with
#   the blocking client; once the old way is gone from websockets, that client has none. Ignore this one warning there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "openai==3.57.0" "websockets==17.4"
"$folder/env/bin/python" - <<'PYTHON'
import asyncio
import json
import threading
import warnings

from openai import AsyncOpenAI, OpenAI
from websockets.sync.server import ServerConnection, serve

CREATED = {"type": "session.created", "event_id": "event_1", "session": {"type": "realtime", "model": "gpt-realtime"}}


def greet(connection: ServerConnection) -> None:
    connection.send(json.dumps(CREATED))
    for _ in connection:
        pass


def told(work) -> list[str]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        work()
    return [str(each.message) for each in seen if issubclass(each.category, DeprecationWarning)]


with serve(greet, "127.0.0.1", 0) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1"

    def blocking() -> None:
        with OpenAI(api_key="none", base_url=base).realtime.connect(model="gpt-realtime") as connection:
            warnings.warn("connected", DeprecationWarning)
            assert connection.recv().type == "session.created"

    async def asynchronous() -> None:
        async with AsyncOpenAI(api_key="none", base_url=base).realtime.connect(model="gpt-realtime") as connection:
            assert (await connection.recv()).type == "session.created"

    ours = told(blocking)
    assert len(ours) == 2 and ours[0] == "connected" and "context manager" in ours[1], ours
    assert told(lambda: asyncio.run(asynchronous())) == []
    print("as seen:", ours[1].partition(":")[0])
    server.shutdown()
PYTHON
