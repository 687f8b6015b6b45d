"""Listeners: what six idle ones beside the main one cost, and what a dialect adds to a request of the native one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmarks.client import Connection
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import free_port, running

PROFILES = ("batch-api", "chatterbox-server", "discord", "kokoro-fastapi", "piper-server", "ttskit")
STARTS = 5
SETTLE_SECONDS = 2.0
MOST_BYTES = 6e6
MOST_START_SECONDS = 0.1
REQUESTS = 300
MOST_ADDED_SECONDS = 0.0003
TEXT = "The birch canoe slid."
NATIVE = json.dumps({"text": TEXT, "engine": "espeak", "voice": "en-us", "format": "pcm", "sample_rate": 22_050})
BATCH = json.dumps({"text": TEXT})


class Started(NamedTuple):
    seconds: float
    cpu_seconds: float
    """Processor time until it answered, which other work on the machine does not lengthen much."""
    bytes: float
    """Not shared with other processes."""


def run() -> list[Row]:
    alone, beside = [], []
    for _ in range(STARTS):
        # In turn: what else the machine does meets both.
        alone.append(_start({}))
        beside.append(_start(_six()))
    seconds = quantile([each.seconds for each in beside], 0.5) - quantile([each.seconds for each in alone], 0.5)
    cpu = quantile([each.cpu_seconds for each in beside], 0.5) - quantile([each.cpu_seconds for each in alone], 0.5)
    more = quantile([each.bytes for each in beside], 0.5) - quantile([each.bytes for each in alone], 0.5)
    return [
        Row(
            "six listeners idle beside the main one: added memory",
            "< 6 MB",
            f"{more / 1e6:.1f} MB",
            more < MOST_BYTES,
            {"added_bytes": more},
        ),
        Row(
            "  added start",
            "< 100 ms",
            f"{milliseconds(seconds)} ({milliseconds(cpu)} of processor time)",
            seconds < MOST_START_SECONDS,
            {"added_s": seconds, "added_cpu_s": cpu},
        ),
        *_added(),
    ]


def _six() -> Mapping[str, Any]:
    is_open = {"allow_open": True}
    sections = {name: {"profile": name, "port": free_port(), "security": is_open} for name in PROFILES}
    return {"listeners": sections}


def _start(settings: Mapping[str, Any]) -> Started:
    with running(settings) as server:
        cpu = server.cpu_seconds
        time.sleep(SETTLE_SECONDS)
        return Started(server.start_seconds, cpu, server.process.memory_full_info().uss)


def _added() -> list[Row]:
    port = free_port()
    output = {"engine": "espeak", "voice": "en-us"}
    batch = {"profile": "batch-api", "port": port, "output": output, "security": {"allow_open": True}}
    with running({"listeners": {"batch": batch}}) as server:
        native, dialect = asyncio.run(_both(server.port, port))
    added = quantile(dialect, 0.5) - quantile(native, 0.5)
    return [
        Row(
            "a dialect's route over the native POST /tts, the same text and voice: added p50",
            "< 0.3 ms",
            f"{milliseconds(added)} ({milliseconds(quantile(native, 0.5))} natively)",
            added < MOST_ADDED_SECONDS,
            {"added_s": added, "native_s": quantile(native, 0.5)},
        )
    ]


async def _both(native: int, dialect: int) -> tuple[list[float], list[float]]:
    """Seconds of each request, in turn. The first ones load what is needed and are not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    async with Connection(native) as one, Connection(dialect) as other:
        asked = ((one, "/tts", NATIVE), (other, "/synthesizeSpeech", BATCH))
        for number in range(REQUESTS + 20):
            for (connection, path, body), found in zip(asked, times, strict=True):
                began = time.perf_counter()
                _ = [part async for part in connection.request("POST", path, body.encode())]
                if number >= 20:
                    found.append(time.perf_counter() - began)
    return times
