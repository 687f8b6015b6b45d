"""The plugins of livekit and pipecat for OpenAI, which every voice application can be pointed here with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from stts.engine_api import Samples
from stts.settings import Settings, StorageSettings
from tests import patient
from tests.audio import encoded
from tests.engines.speech import DATA, WORDS, read, word_error_rate
from tests.patience import PATIENCE
from tests.routers.websocket.caller import pcm
from tests.server import RunningServer, running

HOW = "pip install -r requirements/frameworks.txt"
RATE, SPOKEN_RATE = 16_000, 24_000
TEXT = "The first move is what sets everything in motion."
SAID = ("kitchen.flac", "weather.flac")
SAID_WORDS = " ".join(WORDS[name] for name in SAID)
STEP = 3200
"""Bytes of 100 ms."""

# The libraries of these frameworks warn of each other.
pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(Settings(storage=StorageSettings(root=str(tmp_path_factory.mktemp("frameworks"))))) as server:
        yield server


def client(server: RunningServer) -> Any:
    return patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)


def recording() -> Samples:
    quiet = np.zeros(round(1.5 * RATE), np.float32)
    return np.concatenate([part for name in SAID for part in (read(DATA / name), quiet)])


def understood(heard: str, said: str = SAID_WORDS) -> bool:
    return word_error_rate(said.lower().removesuffix("."), heard) < 0.3


def heard_by(server: RunningServer, audio: bytes) -> bool:
    """True if the server's own ears hear the words of TEXT in samples at 24 kHz."""
    samples = np.asarray(np.frombuffer(audio, "<i2"), np.float32) / np.float32(32_768)
    file = ("speech.wav", encoded(samples, rate=SPOKEN_RATE))
    answer = patient.post(
        f"{server.url}/v1/audio/transcriptions", files={"file": file}, data={"model": "whisper-1", "language": "en"}
    )
    return understood(answer.json()["text"], TEXT)


class TestLiveKit:
    @pytest.fixture
    def plugin(self) -> Any:
        return pytest.importorskip("livekit.plugins.openai", reason=HOW)

    async def test_it_listens(self, server: RunningServer, plugin: Any) -> None:
        rtc, data = pytest.importorskip("livekit.rtc"), pcm(recording())
        async with client(server) as connections, asyncio.timeout(PATIENCE):
            ears = plugin.STT(client=connections, model="whisper-1", language="en")
            heard = await ears.recognize([rtc.AudioFrame(data, RATE, 1, len(data) // 2)])
        assert understood(heard.alternatives[0].text)

    async def test_it_listens_live(self, server: RunningServer, plugin: Any) -> None:
        """Over the socket of Realtime, as it does with newer models."""
        import aiohttp

        rtc, kinds = pytest.importorskip("livekit.rtc"), pytest.importorskip("livekit.agents.stt").SpeechEventType
        data, finals = pcm(recording()), list[str]()
        async with client(server) as connections, aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            ears = plugin.STT(client=connections, model="gpt-4o-transcribe", use_realtime=True)
            ears._session = session
            stream = ears.stream()

            async def speak() -> None:
                for start in range(0, len(data), STEP):
                    part = data[start : start + STEP]
                    stream.push_frame(rtc.AudioFrame(part, RATE, 1, len(part) // 2))
                    await asyncio.sleep(0.05)

            speaking = asyncio.create_task(speak())
            async for event in stream:
                if event.type == kinds.FINAL_TRANSCRIPT:
                    finals.append(event.alternatives[0].text)
                if len(finals) == len(SAID):
                    break
            await speaking
            await stream.aclose()
        assert understood(" ".join(finals))

    async def test_it_speaks(self, server: RunningServer, plugin: Any) -> None:
        async with client(server) as connections, asyncio.timeout(PATIENCE):
            voice = plugin.TTS(client=connections, response_format="pcm")
            frames = [event.frame async for event in voice.synthesize(TEXT)]
            await voice.aclose()
        assert heard_by(server, b"".join(bytes(frame.data) for frame in frames))


class TestPipecat:
    async def test_it_listens(self, server: RunningServer) -> None:
        stt = pytest.importorskip("pipecat.services.openai.stt", reason=HOW)
        frames = pytest.importorskip("pipecat.frames.frames")
        ears = stt.OpenAISTTService(base_url=f"{server.url}/v1", api_key="none")
        async with asyncio.timeout(PATIENCE):
            heard = [frame async for frame in ears.run_stt(encoded(recording()))]
            await ears._client.close()
        assert understood(" ".join(frame.text for frame in heard if isinstance(frame, frames.TranscriptionFrame)))

    async def test_it_speaks(self, server: RunningServer) -> None:
        tts = pytest.importorskip("pipecat.services.openai.tts", reason=HOW)
        frames = pytest.importorskip("pipecat.frames.frames")
        run_test = pytest.importorskip("pipecat.tests.utils").run_test
        voice = tts.OpenAITTSService(base_url=f"{server.url}/v1", api_key="none", sample_rate=SPOKEN_RATE)
        async with asyncio.timeout(PATIENCE):
            down, _ = await run_test(voice, frames_to_send=[frames.TTSSpeakFrame(TEXT)])
            await voice._client.close()
        assert heard_by(server, b"".join(frame.audio for frame in down if isinstance(frame, frames.TTSAudioRawFrame)))
