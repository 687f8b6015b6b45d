#!/usr/bin/env bash
# FastAPI 0.165.0 (Starlette 1.10.0): routes of an included router are built by the first request that passes them.
#
# Good guess: `include_router` copies the routes into the app, so `app.routes` lists them all and the work is done at start.
# Seen: the app keeps one entry for the whole router; `include_router` takes no time, and the first request that looks for
#   a route pays for all of them (200 small ones: over a hundred times what a later request takes).
# Why it matters: the first client waits, and everybody else on the event loop with it; what walks `app.routes` after the
#   start, to know methods or addresses, finds none of them. A way out: make the app look for a route once before it serves.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "fastapi==0.165.0" "starlette==1.10.0"
"$folder/venv/bin/python" - <<'PY'
import asyncio
import time

from fastapi import APIRouter, FastAPI

ROUTES = 200


def handler():
    def handle(number: int = 1, text: str = "x") -> dict:
        return {}

    return handle


async def ask(app: FastAPI, path: str) -> tuple[int, float]:
    """Status and seconds, without a socket."""
    status = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": []}
    started = time.perf_counter()
    await app(scope, receive, send)
    return status[0], time.perf_counter() - started


async def main() -> None:
    router = APIRouter()
    for number in range(ROUTES):
        router.add_api_route(f"/r{number}", handler())
    app = FastAPI()
    app.router.add_route("/plain", lambda request: None)
    before = len(app.routes)
    started = time.perf_counter()
    app.include_router(router)
    included = time.perf_counter() - started
    added = len(app.routes) - before
    first = await ask(app, f"/r{ROUTES - 1}")
    later = min([await ask(app, f"/r{ROUTES - 1}") for _ in range(5)], key=lambda each: each[1])
    print(f"entries added: {added}; include_router {included * 1000:.2f} ms; first request {first[1] * 1000:.0f} ms; a later one {later[1] * 1000:.1f} ms")
    assert first[0] == later[0] == 200
    assert added == 1, "all routes are there at once: the guess is right now"
    assert first[1] > 5 * included and first[1] > 5 * later[1], "the first request pays for no routes: it is done elsewhere now"


asyncio.run(main())
PY
