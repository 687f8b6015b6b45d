"""Speech posted to /stt comes back as its words: made speech, and a person's, through the embedded engines."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from middleware.listener import default_listener
from routers.app import build_app
from routers.dialects import DIALECTS
from routers.services import build_services
from routers.startup import running
from stts.settings import Settings, StorageSettings
from tests.audio import encoded, speech
from tests.engines.speech import PERSON_SECONDS, PERSON_WORDS, WORDS, person, read, share_heard, word_error_rate

pytestmark = pytest.mark.socket


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The server as it is installed."""
    services = build_services(Settings(storage=StorageSettings(root=str(tmp_path))))
    app = build_app(services, default_listener(services.settings, tuple(DIALECTS)))
    async with (
        running(services),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):
        yield client


def spelled(text: str) -> str:
    """Whisper writes numbers in figures."""
    numbers = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return re.sub(r"\d+", lambda match: numbers[int(match[0]) - 1], text)


async def words_of(client: httpx.AsyncClient, recording: bytes) -> str:
    answer = await client.post("/stt", files={"file": ("recording", recording)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["text"])


async def test_made_speech(embedded: httpx.AsyncClient) -> None:
    for name, said in WORDS.items():
        assert word_error_rate(said, spelled(await words_of(embedded, speech(name)))) <= 0.1


async def test_a_person(embedded: httpx.AsyncClient) -> None:
    recording = encoded(read(person(), seconds=PERSON_SECONDS))
    assert share_heard(PERSON_WORDS, await words_of(embedded, recording)) >= 0.8


async def test_what_is_spoken_here_is_speech(embedded: httpx.AsyncClient) -> None:
    said = "The ferry leaves the harbour at nine, and nobody had told the baker that the bridge was closed."
    spoken = await embedded.post("/tts", json={"text": said})
    answer = await embedded.post("/stt", files={"file": ("spoken.wav", spoken.content)})
    assert answer.json()["duration"] > 4.0
    assert share_heard(said, answer.json()["text"]) >= 0.8
