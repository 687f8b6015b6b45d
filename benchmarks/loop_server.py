"""The server with a probe on its event loop: writes how late the loop was, every few milliseconds, to a file.

Run by `benchmarks.loop_lag` as a program, in a process of its own: `python -m benchmarks.loop_server FILE`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from types import FrameType

import uvicorn

from adapters.configuration.adapter import ConfigAdapter, configuration_file
from middleware.stages.logging import configure_logging
from server_v2 import create_app

INTERVAL_SECONDS = 0.005


class ProbedServer(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops without raising the signal again afterwards: there is still something to write."""
        self.should_exit = True


async def serve() -> list[tuple[float, float]]:
    config = ConfigAdapter.load(configuration_file(None))
    settings = config.current()
    configure_logging(config.current)
    app = create_app(settings, config=config)
    server = ProbedServer(
        uvicorn.Config(
            app, host=settings.server.host, port=settings.server.port, log_config=None, timeout_graceful_shutdown=1
        )
    )
    lags: list[tuple[float, float]] = []
    probe = asyncio.create_task(_probe(lags))
    await server.serve()
    probe.cancel()
    return lags


async def _probe(lags: list[tuple[float, float]]) -> None:
    """Adds pairs of `time.monotonic()` and the seconds by which a timer came late."""
    while True:
        due = time.monotonic() + INTERVAL_SECONDS
        await asyncio.sleep(INTERVAL_SECONDS)
        now = time.monotonic()
        lags.append((now, max(0.0, now - due)))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(serve())), encoding="utf-8")
