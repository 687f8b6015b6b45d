"""Real speech through the whole house: Silero, a recogniser, voices, and the official client at the end."""

from __future__ import annotations

import asyncio
import io
import itertools
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import numpy as np
import openai
import pytest

from stts.settings import Settings, StorageSettings, TTSSettings
from tests import patient
from tests.audio import decoded, raw_pcm, speech
from tests.routers.compat.live.spoken import STORY
from tests.routers.compat.live.talk import RATE, Talk, connected, silence
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

pytestmark = [pytest.mark.socket, pytest.mark.long]

OUTPUT = "session.output_transcript.delta"
COMMENTARY = "The train to the city leaves at nine, and the next one follows an hour later."


@cache
def weather() -> bytes:
    samples, recorded = decoded(speech("weather.flac"))
    return raw_pcm(samples, recorded, RATE)


@pytest.fixture(scope="module", params=["espeak", "hibari"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The default settings, but for the voice."""
    storage = StorageSettings(root=str(tmp_path_factory.mktemp("live") / "data"))
    with running(Settings(tts=TTSSettings(order=(request.param,)), storage=storage)) as server:
        yield server


@asynccontextmanager
async def talking(server: RunningServer) -> AsyncIterator[tuple[Talk, openai.AsyncOpenAI]]:
    async with (
        patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        connected(client) as connection,
    ):
        yield Talk(connection), client


def understood(said: str, heard: str) -> float:
    words = said.lower().replace(",", "").replace(".", "").split()
    return sum(word in heard.lower() for word in words) / len(words)


async def feeding(talk: Talk, *parts: bytes) -> None:
    """Speaks, and is silent from then on."""
    await talk.say(*parts)
    while True:
        await talk.say(silence(1.0))


@asynccontextmanager
async def saying(talk: Talk, *parts: bytes) -> AsyncIterator[None]:
    task = asyncio.create_task(feeding(talk, *parts))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def words_of(client: openai.AsyncOpenAI, pcm: bytes) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm)
    return (await client.audio.transcriptions.create(model="whisper-1", file=("said.wav", file.getvalue()))).text


def loud(data: bytes) -> bool:
    return bool(np.abs(np.frombuffer(data, "<i2").astype(int)).max() > 60)


async def test_three_turns_and_an_interruption(house: RunningServer) -> None:
    async with talking(house) as (talk, client):
        await talk.start(instructions="Be kind.")
        async with saying(talk, weather()):
            first = await talk.until("session.delegation.created")
            assert understood(WEATHER, talk.text("input")) > 0.6
            assert first["offset_ms"] >= talk.of("session.input_transcript.delta")[-1]["end_ms"]
            mark = len(talk.audio)
            delegation: dict[str, Any] = {"delegation_id": first["delegation"]["id"]}
            await talk.send("session.commentary.append", content=COMMENTARY, **delegation)
            await talk.until(OUTPUT, lambda event: event["delta"].rstrip().endswith("later."))
            await talk.listen(0.3)
        assert talk.text("output") == COMMENTARY
        assert understood(COMMENTARY, await words_of(client, b"".join(data for _, data in talk.audio[mark:]))) > 0.6
        check_pace(talk)
        check_fragments(talk)
        # Over the second answer the user speaks.
        await talk.send("session.commentary.append", content=STORY, **delegation)
        await talk.until(OUTPUT)
        before = len(talk.of(OUTPUT))
        async with saying(talk, weather()):
            await talk.until("session.delegation.created")
            assert len(talk.of(OUTPUT)) - before < len(STORY.split()) - 4
            await talk.send("session.commentary.append", content="Good bye.", delegation_id=None)
            await talk.until(OUTPUT, lambda event: "bye" in event["delta"])
        await talk.send("session.close")
        await talk.until("session.closed")


def check_pace(talk: Talk) -> None:
    """Output keeps to the clock, of which a busy machine hears late: unpaced, all of it would come at once."""
    sent = 0.0
    for at, data in talk.audio:
        assert sent - (at - talk.started_at) < 1.0
        sent += len(data) / 2 / RATE


def check_fragments(talk: Talk) -> None:
    """No gap within the answer lets a client think that it is over, and no fragment stands before its sound."""
    fragments = talk.of(OUTPUT)
    assert len(fragments) > 8
    for one, next in itertools.pairwise(fragments):
        assert next["start_ms"] - one["end_ms"] < 800
    ends = itertools.accumulate(len(data) / 2 / RATE * 1000 for _, data in talk.audio)
    heard = [end for end, (_, data) in zip(ends, talk.audio, strict=True) if loud(data)]
    # Where the machine was too busy for a part of the output, that part is in no audio, but in all later times.
    assert heard[0] - fragments[0]["start_ms"] < 300
    assert heard[-1] - fragments[-1]["end_ms"] < 500


async def test_voices_and_models_of_ours_and_of_others(house: RunningServer) -> None:
    async with talking(house) as (talk, _):
        session = await talk.start(audio={"output": {"voice": "vesper"}})
        assert session["audio"]["output"]["voice"] == "marin"
    for model in ("auto", "espeak", "gpt-live-1.1"):
        async with talking(house) as (talk, _):
            await talk.start(model=model, audio={"output": {"voice": "alloy"}})
            await talk.send("session.commentary.append", content="Good morning.", delegation_id=None)
            await talk.until(OUTPUT)
    async with talking(house) as (talk, _):
        voice = {"output": {"voice": "nobody of this name"}}
        await talk.send("session.start", session={"model": "gpt-live-1", "audio": voice})
        error = await talk.error()
        assert (error["code"], error["param"]) == ("forbidden", "session.audio.output.voice")
