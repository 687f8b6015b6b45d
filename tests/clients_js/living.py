"""A server with some life in it: voices, jobs, keys, and an hour of traffic."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from stts.analytics.course import Course
from stts.analytics.history import History
from stts.analytics.recent import RecentOperations
from stts.analytics.record import Labels, OperationRecord
from stts.context import new_request_id
from tests.engines.speech import DATA
from tests.keyed import Keyed, keyed_server

PASSAGE = (
    "The lighthouse keeper counted the ships. One by one they came out of the fog, slowly, with their lamps lit. "
    "Nobody had seen so many in a single night. He wrote each of them down, and the hour, and the wind."
)
CHAPTERS = 60
"""So many that it is not done while pictures are taken of it."""
SECTIONS = {
    "security": {"keys": True},
    "tts": {"order": ["hibari", "espeak"]},
    "usage": {"enabled": True},
    "jobs": {"beside": 1},
}
TRAFFIC = (
    Labels("tts", "hibari", "heart", "en-US", "mp3"),
    Labels("tts", "espeak", "de", "de", "wav"),
    Labels("stt", "faster_whisper", "none", "en", "none"),
)


@dataclass(frozen=True, slots=True)
class Living:
    url: str
    key: str
    """An administrator's."""
    recordings: Path = DATA
    book: str = "\n".join(
        f"# Chapter {number}\n\n{' '.join([PASSAGE] * number)}\n" for number in range(1, CHAPTERS + 1)
    )
    passage: str = PASSAGE


@contextmanager
def living(folder: Path) -> Iterator[Living]:
    """`folder`: for its data."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"storage": {"root": str(folder)}, **SECTIONS}), encoding="utf-8")
    config = ConfigAdapter.load(file, {})
    with keyed_server(config.current(), Registry(), config=config) as keyed:
        _give_traffic(keyed)  # what came before now is told before what comes now
        _give_keys(keyed)
        _give_voices(keyed)
        _give_jobs(keyed)
        key = keyed.admin.headers["authorization"].removeprefix("Bearer ")
        yield Living(keyed.server.url, key)


def _give_keys(keyed: Keyed) -> None:
    for name, limits in (("Reading app", {"characters_per_day": 200_000}), ("Front door", {"requests_per_minute": 30})):
        key = keyed.key(name=name, user_id=keyed.user(name), role="write", limits=limits)["key"]
        with keyed.client(key) as client:
            for text in ("Good morning!", "Somebody is at the door."):
                client.post("/tts", json={"text": text, "format": "mp3"}).raise_for_status()
    keyed.admin.post("/tts", json={"text": ""})


def _give_voices(keyed: Keyed) -> None:
    for name, file, language in (("Anna", "weather.flac", "en"), ("Miguel", "market.es.opus", "es")):
        form = {"name": name, "language": language, "tags": "reading", "consent": f"{name}, in writing"}
        with (DATA / file).open("rb") as recording:
            keyed.admin.post("/v1/voices", data=form, files={"file": recording}).raise_for_status()


def _give_jobs(keyed: Keyed) -> None:
    form = {"engine": "espeak", "captions": "true"}
    keyed.admin.post("/jobs/speech", data=form, files={"file": ("harbour.md", PASSAGE)}).raise_for_status()


def _give_traffic(keyed: Keyed) -> None:
    services = keyed.server.services
    keyed.server.call(_remembered(services.history))
    keyed.server.call(_slow_ones(services.recent, services.history))


async def _remembered(history: History) -> None:
    """An hour with more to do in the middle of it, and a few things that go wrong."""
    now, clock = history.now(), history.now
    history.since = now - 4000
    for minute in range(59, 0, -1):
        history.now = lambda at=now - 60 * minute: at  # type: ignore[misc]
        busy = round(4 + 8 * math.sin(minute / 9) ** 2)
        for number in range(busy):
            labels = TRAFFIC[(minute + number) % len(TRAFFIC)]
            first = 0.03 + 0.02 * math.cos(minute / 5) + 0.01 * (number % 3)
            wrong = (minute * 7 + number) % 41 == 0
            history.operation_finished(
                OperationRecord(
                    labels,
                    "error" if wrong else "completed",
                    "text_too_long" if wrong else None,
                    queue=0.001,
                    first_item=first,
                    total=8 * first,
                    audio_seconds=3.5,
                    characters=60,
                    bytes=28_000,
                )
            )
        await asyncio.sleep(0)
    history.now = clock


async def _slow_ones(recent: RecentOperations, history: History) -> None:
    """Single requests, each slow in a way of its own."""
    spoken = OperationRecord(TRAFFIC[0], "completed", audio_seconds=3.5, characters=60, bytes=28_000, route="/tts")
    cold = replace(spoken, queue=1.9, first_item=2.1, total=2.6, course=Course(load=1.9, engine=0.3, encode=0.1))
    crowd = replace(spoken, queue=1.1, first_item=1.3, total=1.9, course=Course(queue=1.1, engine=0.4, encode=0.1))
    heard = replace(spoken, labels=TRAFFIC[2], urgency="collected", characters=0, route="/v1/audio/transcriptions")
    meeting = replace(heard, audio_seconds=192.0, first_item=3.0, total=22.0, course=Course(0.4, engine=21.1))
    for record in (cold, crowd, replace(crowd, total=1.4, course=Course(queue=0.9, engine=0.3)), meeting):
        for writer in (recent, history):
            writer.operation_finished(replace(record, request_id=new_request_id()))
