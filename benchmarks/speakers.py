"""Speakers of transcripts: the share of time with the right one, in conversations of two, three and four real voices.

Each is posted as a client does it (`diarized_json`), and heard by `faster_whisper`. Without the model that tells voices
apart there are no rows. Pauses within sentences that no word covers are not counted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

from benchmarks.client import fetch, form
from benchmarks.result import Row
from benchmarks.server import Server, running
from benchmarks.talk import RATE, Spoken, conversation, right_share
from engines.registry import Registry
from stts.audio.wav import whole_file

SEEDS = 2
TURNS = 14
REACH = 0.95
ENGINES = ("faster_whisper", "speaker_embedding")


def run() -> list[Row]:
    if not Registry().create("speaker_embedding").weights_present():
        return []
    with running() as server:
        for name in ENGINES:
            asyncio.run(fetch(server.port, "POST", f"/engines/{name}/load"))
        return [row for voices in (2, 3, 4) for row in _rows(server, voices)]


def _rows(server: Server, voices: int) -> Iterator[Row]:
    shares, seconds, told = [], 0.0, 0
    began = server.cpu_seconds
    for seed in range(SEEDS):
        samples, truth = conversation(voices, TURNS, seed)
        heard = asyncio.run(_speakers(server.port, whole_file(samples, RATE)))
        shares.append(right_share(heard, truth))
        told = max(told, len({each.speaker for each in heard}))
        seconds += len(samples) / RATE
    covered, right = (sum(each[place] for each in shares) / SEEDS for place in (0, 1))
    work = (server.cpu_seconds - began) / seconds
    yield Row(
        f"{voices} voices: share of time with the right speaker",
        f">= {REACH:.0%}" if voices == 2 else "",
        f"{right:.1%} of the {covered:.0%} of speech that words cover; {told} speakers told; "
        f"{work:.3f} s of the server for a second of audio",
        right >= REACH if voices == 2 else None,
        {"right": right, "covered": covered, "speakers": told, "cpu_per_s": work},
    )


async def _speakers(port: int, recording: bytes) -> list[Spoken]:
    fields = {"model": "faster_whisper", "response_format": "diarized_json", "chunking_strategy": "auto"}
    body, kind = form(recording, **fields)
    answer = json.loads(await fetch(port, "POST", "/v1/audio/transcriptions", body, kind))
    return [Spoken(each["start"], each["end"], each["speaker"]) for each in answer["segments"]]
