"""The peer of `short_requests`: uvicorn with an application that reads nothing and answers bytes.

Run as a program: its port is in the file of `STTS_CONFIG`; `/STATUS/BYTES` is answered with so many bytes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send

DATA = os.urandom(1_000_000)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    path = "200/15" if scope["path"] == "/health" else scope["path"].strip("/")
    status, size = map(int, path.split("/"))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": DATA[:size]})


if __name__ == "__main__":
    port = json.loads(Path(os.environ["STTS_CONFIG"]).read_text(encoding="utf-8"))["server"]["port"]
    uvicorn.run(answer, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")
