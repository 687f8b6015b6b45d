"""The server with a probe on its event loop: writes how late the loop was, every few milliseconds, to a file.

Run by `benchmarks.loop_lag` as a program, in a process of its own: `python -m benchmarks.loop_server FILE`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from adapters.configuration.adapter import ConfigAdapter, configuration_file
from middleware.listener import default_listener
from middleware.logs.configuring import configure_logging
from middleware.serving.listening import listening
from routers.dialects import DIALECTS
from routers.services import build_services
from server_v2 import build_listeners, run

INTERVAL_SECONDS = 0.005


async def serve() -> list[tuple[float, float]]:
    config = ConfigAdapter.load(configuration_file(None))
    configure_logging(config.current)
    services = build_services(config.current(), config=config)
    listener = replace(default_listener(config.current, tuple(DIALECTS)), drain_seconds=1.0)
    lags: list[tuple[float, float]] = []
    with listening(listener.host, listener.port) as listens:
        probe = asyncio.create_task(_probe(lags))
        await run(services, build_listeners(services, listener, listens), lambda: None)
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
