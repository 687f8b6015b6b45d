"""The plugins of livekit and pipecat for Deepgram, pointed here by their base URL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests import patient
from tests.audio import encoded
from tests.patience import PATIENCE
from tests.routers.compat.deepgram.caller import HEADERS, KEY
from tests.routers.compat.deepgram.official import RATE, TEXT, VOICE, check_times, recording, serving, understood
from tests.routers.websocket.caller import pcm
from tests.server import RunningServer

HOW = "pip install -r requirements/frameworks.txt"

# The libraries of these frameworks warn of each other.
pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]

STEP = 3200
"""Bytes of 100 ms."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("frameworks")) as server:
        yield server


def heard_by(server: RunningServer, audio: bytes) -> bool:
    """True if the server's own ears hear the words of TEXT in samples at 24 kHz."""
    samples = np.asarray(np.frombuffer(audio, "<i2"), np.float32) / np.float32(32_768)
    url = f"{server.url}/v1/listen"
    answer = patient.post(url, params={"model": "nova-3"}, content=encoded(samples, rate=24_000), headers=HEADERS)
    return understood(answer.json()["results"]["channels"][0]["alternatives"][0]["transcript"], TEXT)


class TestLiveKit:
    @pytest.fixture
    def plugin(self) -> Any:
        return pytest.importorskip("livekit.plugins.deepgram", reason=HOW)

    async def test_it_listens(self, server: RunningServer, plugin: Any) -> None:
        import aiohttp

        rtc, kinds = pytest.importorskip("livekit.rtc"), pytest.importorskip("livekit.agents.stt").SpeechEventType
        samples = recording()
        data = pcm(samples)
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            ears = plugin.STT(base_url=f"{server.url}/v1/listen", api_key=KEY, http_session=session)
            stream = ears.stream()

            async def speak() -> None:
                for start in range(0, len(data), STEP):
                    part = data[start : start + STEP]
                    stream.push_frame(rtc.AudioFrame(part, RATE, 1, len(part) // 2))
                    await asyncio.sleep(0.03)
                stream.end_input()

            speaking = asyncio.create_task(speak())
            events = [event async for event in stream]
            await speaking
            await stream.aclose()
            whole = await ears.recognize([rtc.AudioFrame(data, RATE, 1, len(data) // 2)])
        types = [event.type for event in events]
        assert types.count(kinds.START_OF_SPEECH) == types.count(kinds.END_OF_SPEECH) >= 2
        finals = [event.alternatives[0] for event in events if event.type == kinds.FINAL_TRANSCRIPT]
        assert understood(" ".join(each.text for each in finals))
        assert [each.start_time for each in finals] == sorted(each.start_time for each in finals)
        assert finals[-1].end_time <= len(samples) / RATE
        assert understood(whole.alternatives[0].text)

    @pytest.mark.parametrize("way", ["synthesize", "stream"])
    async def test_it_speaks(self, server: RunningServer, plugin: Any, way: str) -> None:
        import aiohttp

        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            voice = plugin.TTS(base_url=f"{server.url}/v1/speak", api_key=KEY, http_session=session)
            frames = await self._spoken(voice, way)
            await voice.aclose()
        assert heard_by(server, b"".join(bytes(frame.data) for frame in frames))

    async def _spoken(self, voice: Any, way: str) -> list[Any]:
        if way == "synthesize":
            return [event.frame async for event in voice.synthesize(TEXT)]
        async with voice.stream() as stream:
            for word in TEXT.split(" "):
                stream.push_text(f"{word} ")
            stream.end_input()
            return [event.frame async for event in stream]


class TestPipecat:
    @pytest.fixture
    def frames(self) -> Any:
        return pytest.importorskip("pipecat.frames.frames", reason=HOW)

    @pytest.fixture
    def utilities(self) -> Any:
        return pytest.importorskip("pipecat.tests.utils", reason=HOW)

    async def test_it_listens(self, server: RunningServer, frames: Any, utilities: Any) -> None:
        stt = pytest.importorskip("pipecat.services.deepgram.stt", reason=HOW)
        samples = recording()
        data, sent = pcm(samples), list[Any]()
        for start in range(0, len(data), STEP):
            sent += [frames.InputAudioRawFrame(data[start : start + STEP], RATE, 1), utilities.SleepFrame(0.03)]
        # The pipeline ends with its last frame, and waits for no words.
        sent.append(utilities.SleepFrame(5.0))
        ears = stt.DeepgramSTTService(base_url=server.url.replace("http", "ws"), api_key=KEY, sample_rate=RATE)
        async with asyncio.timeout(PATIENCE):
            down, _ = await utilities.run_test(ears, frames_to_send=sent)
        finals = [frame for frame in down if isinstance(frame, frames.TranscriptionFrame)]
        assert understood(" ".join(frame.text for frame in finals))
        words = [word for frame in finals for word in frame.result.channel.alternatives[0].words]
        check_times(words, len(samples) / RATE)

    @pytest.mark.parametrize("way", ["socket", "http"])
    async def test_it_speaks(self, server: RunningServer, frames: Any, utilities: Any, way: str) -> None:
        import aiohttp

        tts = pytest.importorskip("pipecat.services.deepgram.tts", reason=HOW)
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            if way == "socket":
                address = server.url.replace("http", "ws")
                wanted = tts.DeepgramTTSService.Settings(voice=VOICE)
                voice = tts.DeepgramTTSService(base_url=address, api_key=KEY, sample_rate=24_000, settings=wanted)
            else:
                wanted = tts.DeepgramHttpTTSService.Settings(voice=VOICE)
                voice = tts.DeepgramHttpTTSService(
                    base_url=server.url, api_key=KEY, sample_rate=24_000, settings=wanted, aiohttp_session=session
                )
            down, _ = await utilities.run_test(voice, frames_to_send=[frames.TTSSpeakFrame(TEXT)])
        assert heard_by(server, b"".join(frame.audio for frame in down if isinstance(frame, frames.TTSAudioRawFrame)))
