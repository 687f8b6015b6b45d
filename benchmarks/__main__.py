"""`python -m benchmarks [NAME ...] [--json FILE]`: runs all benchmarks, or those named, and prints one table."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import (
    access,
    batch_api,
    books,
    cache,
    command,
    continuity,
    conversation,
    conversations,
    default_voice,
    desktop,
    ears,
    engine_places,
    fallback,
    first_audio,
    heavy,
    heavy_ears,
    heavy_memory,
    heavy_server,
    idle_sessions,
    incremental,
    isolation,
    jobs,
    kokoro,
    leaving,
    listeners,
    live,
    live_message,
    long_upload,
    loop_lag,
    pages,
    partials,
    pipeline,
    piper,
    piper_server,
    places,
    pushed,
    replies,
    sentences,
    short_requests,
    slow_connections,
    speakers,
    startup,
    telegram,
    throughput,
    tracing,
    vad_sessions,
    watermark,
    webrtc,
    workers,
)
from benchmarks.machine import machine, machine_line
from benchmarks.result import Row, table

BENCHMARKS: Mapping[str, Callable[[], list[Row]]] = {
    "access": access.run,
    "cache": cache.run,
    "command": command.run,
    "telegram": telegram.run,
    "desktop": desktop.run,
    "batch_api": batch_api.run,
    "pipeline": pipeline.run,
    "fallback": fallback.run,
    "first_audio": first_audio.run,
    "default_voice": default_voice.run,
    "continuity": continuity.run,
    "continuity_limits": continuity.run_limits,
    "throughput": throughput.run,
    "short_requests": short_requests.run,
    "sentences": sentences.run,
    "tracing": tracing.run,
    "isolation": isolation.run,
    "jobs": jobs.run,
    "long_upload": long_upload.run,
    "books": books.run,
    "startup": startup.run,
    "listeners": listeners.run,
    "loop_lag": loop_lag.run,
    "leaving": leaving.run,
    "conversation": conversation.run,
    "partials": partials.run,
    "incremental": incremental.run,
    "vad_sessions": vad_sessions.run,
    "watermark": watermark.run,
    "conversations": conversations.run,
    "idle_sessions": idle_sessions.run,
    "live": live.run,
    "live_message": live_message.run,
    "replies": replies.run,
    "slow_connections": slow_connections.run,
    "places": places.run,
    "pushed": pushed.run,
    "piper": piper.run,
    "piper_server": piper_server.run,
    "kokoro": kokoro.run,
    "ears": ears.run,
    "speakers": speakers.run,
    "engine_places": engine_places.run,
    "heavy": heavy.run,
    "heavy_ears": heavy_ears.run,
    "heavy_memory": heavy_memory.run,
    "heavy_server": heavy_server.run,
    "webrtc": webrtc.run,
    "workers": workers.run,
    "pages": pages.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name}")
    found: dict[str, list[Row]] = {}
    try:
        for name in options.names or BENCHMARKS:
            found[name] = _run(name)
    finally:
        rows = [row for rows in found.values() for row in rows]
        print(f"\n{machine_line()}\n\n{table(rows)}")
        if options.json:
            options.json.write_text(json.dumps({"machine": machine(), "benchmarks": _plain(found)}, indent=1) + "\n")
    return int(any(row.met is False for row in rows))


def _run(name: str) -> list[Row]:
    print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
    started = time.perf_counter()
    rows = BENCHMARKS[name]()
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


def _plain(found: Mapping[str, list[Row]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [asdict(row) | {"figures": dict(row.figures)} for row in rows] for name, rows in found.items()}


if __name__ == "__main__":
    sys.exit(main())
