"""A custom voice, made by the official client with a consent, is spoken by Chatterbox itself: by its id in speech,
in Realtime and in Live."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stts.settings import Settings
from tests import patient
from tests.audio import speech
from tests.patience import PATIENCE
from tests.server import RunningServer, running

pytestmark = [pytest.mark.engines, pytest.mark.socket]

LOUD = 60
"""Speech is far above it, of 32,768, and digital silence below."""


@pytest.fixture(scope="module")
def server(checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    options = {"path": str(checkpoint("chatterbox")), "device": "cpu", "threads": 1}
    cloner = {"engine": "chatterbox", "runs_in": "inline", "options": options}
    settings = {
        "tts": {"order": ["cloner", "espeak"]},
        "engines": {"instances": {"cloner": cloner}},
        "storage": {"root": str(tmp_path_factory.mktemp("cloned"))},
    }
    with running(Settings.model_validate(settings)) as server:
        yield server


async def test_a_custom_voice_speaks_by_its_id_in_speech_realtime_and_live(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engines.tts.chatterbox_model import SharedModel

    cloned: list[object] = []
    condition = SharedModel.condition

    def counting(model: SharedModel, *given: Any, **named: Any) -> Any:
        cloned.append(given)
        return condition(model, *given, **named)

    monkeypatch.setattr(SharedModel, "condition", counting)
    async with patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        consent = await client.audio.voice_consents.create(
            name="Anna", language="en-US", recording=("yes.flac", speech())
        )
        voice = await client.audio.voices.create(name="Anna", audio_sample=("anna.flac", speech()), consent=consent.id)
        asked: Any = {"id": voice.id}
        spoken = await client.audio.speech.with_raw_response.create(
            model="cloner", voice=asked, input="Yes.", response_format="wav"
        )
        assert (spoken.headers["x-engine"], spoken.headers["x-voice"]) == ("cloner", voice.id)
        assert len(cloned) == 1, "of the sample, once"
        assert await in_realtime(client, asked) and await in_live(client, asked)
        assert len(cloned) == 1, "what was made of it is kept"


async def in_realtime(client: Any, voice: Any) -> bool:
    """True if something is heard."""
    async with patient.realtime(client, model="gpt-realtime") as connection:
        await connection.session.update(session={"type": "realtime", "audio": {"output": {"voice": voice}}})
        item: Any = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Yes."}]}
        await connection.conversation.item.create(item=item)
        await connection.response.create()
        heard = False
        async for event in connection:
            assert event.type != "error", event
            if event.type == "response.output_audio.delta":
                heard = heard or loud(event.delta)
            if event.type == "response.done":
                assert event.response.status == "completed"
                break
    return heard


async def in_live(client: Any, voice: Any) -> bool:
    """True once something is heard."""
    async with client.live.connect(websocket_connection_options=patient.OFFICIAL_SOCKET) as connection:
        session = {"model": "gpt-live-1", "audio": {"output": {"voice": voice}}}
        await connection.send({"type": "session.start", "session": session})
        async with asyncio.timeout(PATIENCE):
            async for event in connection:
                assert event.type != "error", event
                if event.type == "session.started":
                    words = {"type": "session.commentary.append", "content": "Yes.", "delegation_id": None}
                    await connection.send(words)
                if event.type == "session.output_audio.delta" and loud(event.delta):
                    return True
    return False


def loud(audio: str) -> bool:
    samples = np.abs(np.frombuffer(b64decode(audio), "<i2").astype(int))
    return bool(samples.size) and bool(samples.max() > LOUD)
