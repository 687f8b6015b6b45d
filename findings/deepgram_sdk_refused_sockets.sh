#!/usr/bin/env bash
# deepgram-sdk 7.17.0 with websockets 17.4: a socket that the server refuses
# Guess: one SDK, one error: whether a handshake is refused for a key (401), a field (400) or a rate (429),
#   `connect()` raises the SDK's ApiError with that status, in the blocking client as in the asynchronous one.
# Seen: the asynchronous client raises ApiError, with a body of the SDK's own words: what the server wrote in its
#   answer is gone. The blocking client raises websockets' InvalidStatus, which is no ApiError, with the server's
#   answer inside. (It catches the error that websockets' older client raises, and connects with the newer one.)
# Matters: a handler of ApiError in a blocking program never runs when a key is revoked or a rate is met, and whoever
#   reads the server's reason finds it in only one of the two. Catch both, and go by the status.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "deepgram-sdk==7.17.0" "websockets==17.4"
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import asyncio
import http
import threading

from deepgram import AsyncDeepgramClient, DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment
from websockets.exceptions import InvalidStatus
from websockets.sync.server import Request, Response, ServerConnection, serve

REASON = "this model is not one of ours"


def refuse(connection: ServerConnection, request: Request) -> Response:
    status = 401 if request.headers["authorization"].endswith("wrong") else 400
    return connection.respond(http.HTTPStatus(status), REASON)


def blocking(kind: str, **options: object) -> Exception:
    try:
        with getattr(DeepgramClient(**options), kind).v1.connect(model="nova-3"):
            raise AssertionError("it was not refused")
    except (ApiError, InvalidStatus) as error:
        return error


async def asynchronous(kind: str, **options: object) -> Exception:
    try:
        async with getattr(AsyncDeepgramClient(**options), kind).v1.connect(model="nova-3"):
            raise AssertionError("it was not refused")
    except (ApiError, InvalidStatus) as error:
        return error


with serve(lambda connection: None, "127.0.0.1", 0, process_request=refuse) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.socket.getsockname()[1]
    places = DeepgramClientEnvironment(
        base=f"http://127.0.0.1:{port}",
        production=f"ws://127.0.0.1:{port}",
        agent=f"ws://127.0.0.1:{port}",
        agent_rest=f"http://127.0.0.1:{port}",
    )
    for kind in ("listen", "speak"):
        for key, status in (("wrong", 401), ("right", 400)):
            other = asyncio.run(asynchronous(kind, api_key=key, environment=places))
            assert isinstance(other, ApiError) and other.status_code == status, other
            assert REASON not in str(other.body), other.body
            error = blocking(kind, api_key=key, environment=places)
            print(kind, status, type(other).__name__, repr(other.body), type(error).__name__)
            assert isinstance(error, InvalidStatus) and not isinstance(error, ApiError)
            assert error.response.status_code == status and REASON.encode() in (error.response.body or b"")
    server.shutdown()
PYTHON
echo "as it was"
