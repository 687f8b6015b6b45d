"""The plugins of livekit and pipecat for ElevenLabs, pointed here by their base URL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.audio import encoded
from tests.patience import PATIENCE
from tests.routers.compat.elevenlabs.conftest import KEY
from tests.routers.compat.elevenlabs.official import TEXT, VOICE, speaking, understood
from tests.server import RunningServer

HOW = "pip install -r requirements/frameworks.txt"

LONGER = f"{TEXT} And then it goes on to the very end."

# The libraries of these frameworks warn of each other.
pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with speaking(tmp_path_factory.mktemp("eleven")) as server:
        yield server


def heard_by(server: RunningServer, samples: Any, rate: int, text: str = TEXT) -> bool:
    return understood(server, encoded(np.asarray(samples, np.float32) / np.float32(32768), "wav", rate), text)


class TestLiveKit:
    @pytest.fixture
    def plugin(self) -> Any:
        return pytest.importorskip("livekit.plugins.elevenlabs", reason=HOW)

    @pytest.mark.parametrize("encoding", ["mp3_22050_32", "pcm_24000"])
    @pytest.mark.parametrize("way", ["synthesize", "stream"])
    async def test_it_speaks(self, server: RunningServer, plugin: Any, way: str, encoding: str) -> None:
        """`stream` is a context of multi-stream-input, `synthesize` a streamed POST."""
        import aiohttp

        async with aiohttp.ClientSession() as session:
            speaker = plugin.TTS(
                voice_id=VOICE, api_key=KEY, base_url=f"{server.url}/v1", encoding=encoding, http_session=session
            )
            async with asyncio.timeout(PATIENCE):
                frames, words = await self._spoken(speaker, way)
            await speaker.aclose()
        samples = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])
        assert heard_by(server, samples, frames[0].sample_rate, TEXT if way == "synthesize" else LONGER)
        if way == "stream":
            assert "".join(words).split() == LONGER.split()
            starts = [word.start_time for word in words]
            assert starts == sorted(starts) and starts[-1] > 2.0

    async def _spoken(self, speaker: Any, way: str) -> tuple[list[Any], list[Any]]:
        if way == "synthesize":
            return [event.frame async for event in speaker.synthesize(TEXT)], []
        frames, words = [], list[Any]()
        async with speaker.stream() as stream:
            for word in LONGER.split(" "):
                stream.push_text(f"{word} ")
            stream.end_input()
            async for event in stream:
                frames.append(event.frame)
                words += event.frame.userdata.get("lk.timed_transcripts", [])
        return frames, words


class TestPipecat:
    @pytest.fixture
    def service(self) -> Any:
        return pytest.importorskip("pipecat.services.elevenlabs.tts", reason=HOW)

    @pytest.mark.parametrize("way", ["socket", "http"])
    async def test_it_speaks(self, server: RunningServer, service: Any, way: str) -> None:
        """`socket` is multi-stream-input, `http` the stream with timestamps."""
        import aiohttp

        frames = pytest.importorskip("pipecat.frames.frames")
        run_test = pytest.importorskip("pipecat.tests.utils").run_test

        async with aiohttp.ClientSession() as session:
            if way == "socket":
                speaker = service.ElevenLabsTTSService(
                    api_key=KEY,
                    url=server.url.replace("http", "ws"),
                    sample_rate=24_000,
                    settings=service.ElevenLabsTTSService.Settings(voice=VOICE, model="eleven_flash_v2_5"),
                )
            else:
                speaker = service.ElevenLabsHttpTTSService(
                    api_key=KEY,
                    base_url=server.url,
                    aiohttp_session=session,
                    sample_rate=24_000,
                    settings=service.ElevenLabsHttpTTSService.Settings(voice=VOICE, model="eleven_flash_v2_5"),
                )
            async with asyncio.timeout(PATIENCE):
                down, _ = await run_test(speaker, frames_to_send=[frames.TTSSpeakFrame(TEXT)])
        audio = b"".join(frame.audio for frame in down if isinstance(frame, frames.TTSAudioRawFrame))
        assert heard_by(server, np.frombuffer(audio, np.int16), 24_000)
        assert " ".join(frame.text for frame in down if isinstance(frame, frames.TTSTextFrame)) == TEXT
