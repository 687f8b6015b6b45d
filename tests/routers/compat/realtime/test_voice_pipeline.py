"""The listening half of openai-agents' voice pipeline, which commits and clears in one breath.

It reads the order of the answers: where `cleared` comes first, what was said last is lost. Any `error` but that to
its own last commit ends its session.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from stts.settings import Settings
from tests import patient
from tests.engines.speech import DATA, WORDS, read, word_error_rate
from tests.routers.compat.realtime.talk import RATE
from tests.server import RunningServer, running

voice = pytest.importorskip("agents.voice")
stt = pytest.importorskip("agents.voice.models.openai_stt")

pytestmark = pytest.mark.clients

SAID = ("kitchen.flac", "weather.flac")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = Settings.model_validate({"storage": {"root": str(tmp_path_factory.mktemp("data"))}})
    with running(settings) as server:
        yield server


@pytest.mark.parametrize(
    ("model", "detection"),
    [("gpt-transcribe", "semantic_vad"), ("gpt-4o-transcribe", "server_vad"), ("gpt-live-transcribe", "semantic_vad")],
)
async def test_all_turns_are_heard_though_the_last_is_cut_short(
    server: RunningServer, model: str, detection: str
) -> None:
    quiet = np.zeros(2 * RATE, np.float32)
    audio = np.concatenate([read(DATA / SAID[0], rate=RATE), quiet, read(DATA / SAID[1], rate=RATE)])
    microphone = voice.StreamedAudioInput()
    for piece in np.array_split(audio, 100):
        await microphone.add_audio(piece)
    await microphone.add_audio(None)
    settings = voice.STTModelSettings(turn_detection={"type": detection})
    async with patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        session = await stt.OpenAISTTModel(model, client).create_session(microphone, settings, False, False)
        turns = [turn async for turn in session.transcribe_turns()]
    assert word_error_rate(" ".join(WORDS[name] for name in SAID), " ".join(turns)) < 0.35
    assert len(turns) >= 2
