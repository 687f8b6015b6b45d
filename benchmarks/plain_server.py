"""The peer of the cache's benchmark: a plain FastAPI route with a pydantic body that answers bytes.

Run by `benchmarks.cache` as a program: its port is in the file of `STTS_CONFIG`, its size in `STTS_BENCHMARK_BYTES`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel

DATA = os.urandom(int(os.environ.get("STTS_BENCHMARK_BYTES", "50000")))
app = FastAPI()


class Speech(BaseModel):
    model: str
    input: str
    voice: str
    response_format: str = "mp3"
    speed: float = 1.0


@app.post("/v1/audio/speech")
async def speak(fields: Speech) -> Response:
    return Response(DATA, media_type="audio/mpeg")


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


if __name__ == "__main__":
    port = json.loads(Path(os.environ["STTS_CONFIG"]).read_text(encoding="utf-8"))["server"]["port"]
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
