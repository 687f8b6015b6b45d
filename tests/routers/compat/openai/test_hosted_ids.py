"""Each id of the hosted service, as the official client calls it and against what was written down of its answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, NotFoundError, OpenAI, PermissionDeniedError

from stts.hosted_models import SESSIONS
from stts.settings import EngineSettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests import patient
from tests.audio import encoded
from tests.engines.speech import DATA, read
from tests.fakes import NO_FALL_BACK, registry
from tests.server import RunningServer, running

# The client calls models deprecated whose hosted originals end.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RECORDED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "data" / "openai" / "ids.json").read_text(encoding="utf-8")
)
SPEAKING = [id for id, each in RECORDED.items() if each["use"] == "speech"]
LISTENING = [id for id, each in RECORDED.items() if each["use"] == "transcription" and "diarize" not in id]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        engines=EngineSettings(options={"tone": {"speed": 20.0}}),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("ids") / "data")),
        routing=NO_FALL_BACK,
    )
    with running(settings, registry()) as server:
        yield server


@pytest.fixture(scope="module")
def openai(server: RunningServer) -> Iterator[OpenAI]:
    with patient.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_openai(server: RunningServer) -> AsyncIterator[AsyncOpenAI]:
    async with patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def recording() -> tuple[str, bytes]:
    return "kitchen.wav", encoded(read(DATA / "kitchen.flac"))


@pytest.mark.parametrize("id", RECORDED)
def test_each_is_listed_and_has_no_end_here(openai: OpenAI, id: str) -> None:
    assert id in {model.id for model in openai.models.list()}
    model = openai.models.with_raw_response.retrieve(id)
    assert json.loads(model.text)["shutdown_date"] is None
    assert model.parse().shutdown_date is None


@pytest.mark.parametrize("id", SPEAKING)
def test_speech_is_audio_unless_events_are_asked_for(openai: OpenAI, id: str) -> None:
    for format in RECORDED[id]["formats"]:
        spoken = openai.audio.speech.create(model=id, voice="alloy", input="Hello.", response_format=format)
        assert spoken.response.headers["content-type"].startswith("audio/")
        assert spoken.content


@pytest.mark.parametrize("id", SPEAKING)
async def test_speech_in_events_of_any_id(async_openai: AsyncOpenAI, id: str) -> None:
    told = await async_openai.audio.speech.create(model=id, voice="alloy", input="Hello.", stream_format="sse")
    assert told.response.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in told.text.splitlines() if line.startswith("data: ")]
    assert [*dict.fromkeys(event["type"] for event in events)] == ["speech.audio.delta", "speech.audio.done"]
    assert set(events[-1]["usage"]) == {"input_tokens", "output_tokens", "total_tokens"}


@pytest.mark.parametrize("id", LISTENING)
def test_transcripts_in_each_of_its_formats(openai: OpenAI, recording: tuple[str, bytes], id: str) -> None:
    for format in RECORDED[id]["formats"]:
        raw = openai.audio.transcriptions.with_raw_response.create(model=id, file=recording, response_format=format)
        if format not in ("json", "verbose_json"):
            assert raw.headers["content-type"].startswith("text/")
            continue
        body = json.loads(raw.text)
        assert body["text"] and shape(body["usage"]) == RECORDED[id]["usage"]


def test_versions_that_no_list_has_are_their_models(openai: OpenAI, recording: tuple[str, bytes]) -> None:
    for id in ("gpt-4o-mini-tts-2025-03-20", "gpt-realtime-2025-08-28", "gpt-4o-transcribe-2026-01-01", "TTS-1"):
        assert openai.models.retrieve(id).id == id
    assert openai.audio.speech.create(model="gpt-4o-mini-tts-2025-03-20", voice="alloy", input="Hello.").content
    heard = openai.audio.transcriptions.create(model="gpt-4o-transcribe-2026-01-01", file=recording)
    assert heard.usage is not None and heard.usage.type == "tokens"
    with pytest.raises(NotFoundError):
        openai.audio.speech.create(model="tone-2026-01-01", voice="alloy", input="Hello.")


def test_the_prompt_counts_where_usage_is_in_tokens(openai: OpenAI, recording: tuple[str, bytes]) -> None:
    for prompt in ("", "A kitchen in the morning."):
        heard = openai.audio.transcriptions.create(model="gpt-4o-transcribe", file=recording, prompt=prompt)
        assert heard.usage is not None and heard.usage.type == "tokens"
        details = heard.usage.input_token_details
        assert details is not None and bool(details.text_tokens) is bool(prompt)


@pytest.mark.parametrize("id", LISTENING)
async def test_a_stream_that_is_asked_for_is_one(
    async_openai: AsyncOpenAI, recording: tuple[str, bytes], id: str
) -> None:
    stream = await async_openai.audio.transcriptions.create(model=id, file=recording, stream=True)
    events = [event async for event in stream]
    assert {event.type for event in events} == {"transcript.text.delta", "transcript.text.done"}
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == events[-1].text  # type: ignore[union-attr]


@pytest.mark.parametrize("id", ["tts-1", *SESSIONS[:1]])
def test_nobody_deletes_a_model(openai: OpenAI, id: str) -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        openai.models.delete(id)
    assert caught.value.type == "permission_error" and "stts models remove" in caught.value.message


@pytest.mark.parametrize("id", ["nosuch", "owner/model", "100%"])
async def test_an_id_that_nobody_has_may_hold_anything(async_openai: AsyncOpenAI, id: str) -> None:
    for call in (async_openai.models.delete, async_openai.models.retrieve):
        with pytest.raises(NotFoundError) as caught:
            await call(id)
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_a_body_of_nothing_that_is_called_json(server: RunningServer) -> None:
    for path in ("models/tts-1", "models/owner%2Fmodel", "audio/voices/voice_none", "audio/voice_consents/cons_none"):
        answer = patient.request("DELETE", f"{server.url}/v1/{path}", headers={"content-type": "application/json"})
        assert answer.status_code in (403, 404), path
        assert answer.json()["error"]["code"] in ("forbidden", "model_not_found", "not_found"), path


def shape(value: Any) -> Any:
    """Names of types in place of numbers."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return type(value).__name__ if isinstance(value, int | float) else value
