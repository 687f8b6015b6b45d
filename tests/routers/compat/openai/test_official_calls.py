"""Every call of the official client about audio, once blocking and once asynchronous, against one server."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI, NotFoundError, OpenAI

from stts.settings import Settings, StorageSettings, STTSettings, TTSSettings
from tests import patient
from tests.fakes import registry
from tests.routers.compat.cloning_engines import OTHER, recording
from tests.routers.compat.recordings import twice
from tests.server import RunningServer, running

# The client calls deprecated whose hosted originals end.
pytestmark = [pytest.mark.socket, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

Call = Callable[..., Awaitable[Any]]
"""Name of a method, as it stands behind `client.`, and its arguments."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = Settings(
        tts=TTSSettings(order=("tone", *OTHER)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("calls") / "data")),
    )
    with running(settings, registry(**OTHER)) as server:
        yield server


@pytest.fixture(params=[patient.OpenAI, patient.AsyncOpenAI], ids=["blocking", "asynchronous"])
async def call(request: pytest.FixtureRequest, server: RunningServer) -> AsyncIterator[Call]:
    client: OpenAI | AsyncOpenAI = request.param(base_url=f"{server.url}/v1", api_key="none", max_retries=0)

    async def call(method: str, *arguments: Any, **fields: Any) -> Any:
        found: Any = client
        for name in method.split("."):
            found = getattr(found, name)
        answer = found(*arguments, **fields)
        return await answer if inspect.isawaitable(answer) else answer

    yield call
    closed = client.close()
    if closed is not None:
        await closed


async def all_of(stream: Any) -> list[Any]:
    """The items of a stream or of pages, blocking or not."""
    if hasattr(stream, "__aiter__"):
        return [each async for each in stream]
    return list(stream)


async def test_speech(call: Call) -> None:
    speech = await call(
        "audio.speech.create", model="tts-1", voice="alloy", input="Hello there.", response_format="wav"
    )
    assert speech.content.startswith(b"RIFF")


async def test_transcriptions(call: Call) -> None:
    asked: dict[str, Any] = {"model": "whisper-1", "file": twice()}
    text = (await call("audio.transcriptions.create", **asked)).text
    assert text
    assert (await call("audio.transcriptions.create", response_format="text", **asked)).strip() == text
    whole = await call("audio.transcriptions.create", response_format="verbose_json", **asked)
    assert whole.text == text and whole.segments and whole.duration > 3
    for format, begins in (("srt", "1\n00:"), ("vtt", "WEBVTT")):
        assert (await call("audio.transcriptions.create", response_format=format, **asked)).startswith(begins)
    events = await all_of(await call("audio.transcriptions.create", stream=True, **asked))
    assert events[-1].type == "transcript.text.done" and events[-1].text == text
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == text


async def test_translations(call: Call) -> None:
    assert (await call("audio.translations.create", model="whisper-1", file=twice())).text


async def test_consents_and_voices(call: Call) -> None:
    consented = ("yes.wav", recording(6.0))
    consent = await call("audio.voice_consents.create", name="Anna", language="en", recording=consented)
    assert (await call("audio.voice_consents.retrieve", consent.id)).name == "Anna"
    assert (await call("audio.voice_consents.update", consent.id, name="Anna B.")).name == "Anna B."
    listed = await all_of(await call("audio.voice_consents.list", limit=1))
    assert consent.id in [each.id for each in listed]
    sample = ("anna.wav", recording(8.0))
    voice = await call("audio.voices.create", name="Anna", audio_sample=sample, consent=consent.id)
    speech = await call("audio.speech.create", model="mimic", voice={"id": voice.id}, input="Hello.")
    assert speech.response.headers["x-voice"] == voice.id
    assert (await call("audio.voices.delete", voice.id)).deleted
    assert (await call("audio.voice_consents.delete", consent.id)).deleted
    with pytest.raises(NotFoundError):
        await call("audio.voices.delete", voice.id)


async def test_provenance(call: Call) -> None:
    check = await call("content_provenance_checks.create", file=("kitchen.wav", recording(6.0)))
    assert check.object == "content_provenance_check" and check.results == []


async def test_secrets_of_sockets(call: Call) -> None:
    secret = await call("realtime.client_secrets.create", session={"type": "realtime"})
    assert secret.value.startswith("ek_") and secret.session.type == "realtime"
    session = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "de"}}}
    secret = await call("realtime.translations.client_secrets.create", session=session)
    assert secret.value.startswith("ek_") and secret.session.type == "translation"


async def test_models(call: Call) -> None:
    listed = await all_of(await call("models.list"))
    assert {"tts-1", "whisper-1", "gpt-realtime", "gpt-live-1"} <= {each.id for each in listed}
    assert (await call("models.retrieve", "gpt-live-1")).object == "model"


@pytest.mark.parametrize("method", ["realtime.calls.hangup", "live.sessions.hangup"])
async def test_what_is_not_running_is_not_ended(call: Call, method: str) -> None:
    with pytest.raises(NotFoundError):
        await call(method, "nosuch")
