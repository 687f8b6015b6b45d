"""Answers to the official client, field by field against the shapes recorded of the hosted service's (HTTP)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from openai import APIStatusError, OpenAI

from stts.settings import EngineSettings, OpenAISettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests import patient
from tests.audio import encoded, speech
from tests.fakes import NO_FALL_BACK, registry
from tests.routers.compat.cloning_engines import OTHER
from tests.routers.compat.cloning_engines import recording as read
from tests.routers.compat.openai.recorded_shapes import RECORDED, differences, of_events
from tests.routers.compat.recordings import twice, weather
from tests.server import RunningServer, running
from tests.speakers import conversation, need_speakers

# The client calls models deprecated whose hosted originals end.
pytestmark = [pytest.mark.socket, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ANSWERS: dict[str, dict[str, Any]] = RECORDED["answers"]
TRANSCRIPTION = "audio.transcriptions.create"
LIKELY = "gpt-4o-mini-transcribe"
"""The id whose engine here tells how likely its words are."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = Settings(
        tts=TTSSettings(order=("tone", *OTHER)),
        stt=STTSettings(order=("echo",)),
        engines=EngineSettings(options={"tone": {"speed": 20.0}}),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("shapes") / "data")),
        routing=NO_FALL_BACK,
        openai=OpenAISettings(models={**OpenAISettings().models, LIKELY: "pocketsphinx"}),
    )
    with running(settings, registry(**OTHER)) as server:
        yield server


@pytest.fixture(scope="module")
def openai(server: RunningServer) -> Iterator[OpenAI]:
    with patient.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def asked(openai: OpenAI, method: str, *arguments: Any, **fields: Any) -> Any:
    """The whole answer on the wire to a call of the client, refused or not."""
    *names, last = method.split(".")
    found: Any = openai
    for name in names:
        found = getattr(found, name)
    try:
        answer = getattr(found.with_raw_response, last)(*arguments, **fields).http_response
    except APIStatusError as refused:
        return refused.response
    answer.read()
    return answer


def check(answer: Any, name: str, model: str = "", format: str = "") -> Any:
    """Compares an answer with what is recorded under this name, and returns its body."""
    recorded = ANSWERS[name]
    own = recorded.get("models", {}).get(model)
    kind = recorded["types"][format] if format else recorded.get("type")
    found = [] if answer.status_code == recorded["status"] else [f"status {answer.status_code}: {answer.text[:200]}"]
    told = answer.headers.get("content-type", "").partition(";")[0]
    if kind is not None and told not in kind.split("|"):
        found.append(f"content type {told!r} is not {kind}")
    body: Any = None
    if "body" in recorded:
        body = answer.json()
        found += differences(body, recorded["body"], own=own)
    elif "events" in recorded:
        body = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
        found += of_events(body, recorded["events"], own)
    elif "text" in recorded and not fnmatchcase(answer.text, recorded["text"]):
        found.append(f"text {answer.text[:200]!r} is not like {recorded['text']!r}")
    assert not found, f"{name} {model}\n" + "\n".join(found)
    return body


def test_models(openai: OpenAI) -> None:
    listed = check(asked(openai, "models.list"), "models.list")
    assert listed["data"]
    check(asked(openai, "models.retrieve", "gpt-live-1"), "models.retrieve")
    check(asked(openai, "models.delete", "tts-1"), "models.delete")


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15"])
def test_speech(openai: OpenAI, model: str) -> None:
    fields: dict[str, Any] = {"model": model, "voice": "alloy", "input": "Hello."}
    for format in ANSWERS["audio.speech.create"]["types"]:
        answer = asked(openai, "audio.speech.create", response_format=format, **fields)
        check(answer, "audio.speech.create", model, format)
    sse = asked(openai, "audio.speech.create", stream_format="sse", **fields)
    check(sse, "audio.speech.create sse", model)


def models_of(name: str) -> list[str]:
    return [*ANSWERS[f"{TRANSCRIPTION} {name}"]["models"]]


@pytest.mark.parametrize("model", models_of("json"))
def test_transcripts(openai: OpenAI, model: str) -> None:
    if "diarize" in model:
        need_speakers()
    answer = asked(openai, TRANSCRIPTION, model=model, file=twice())
    check(answer, f"{TRANSCRIPTION} json", model)


@pytest.mark.parametrize("model", models_of("stream"))
def test_streams_of_transcripts(openai: OpenAI, model: str) -> None:
    answer = asked(openai, TRANSCRIPTION, model=model, file=twice(), stream=True)
    check(answer, f"{TRANSCRIPTION} stream", model)


def test_transcripts_with_times_and_subtitles(openai: OpenAI) -> None:
    fields: dict[str, Any] = {"model": "whisper-1", "file": twice()}
    for format in ("verbose_json", "text", "srt", "vtt"):
        answer = asked(openai, TRANSCRIPTION, response_format=format, **fields)
        check(answer, f"{TRANSCRIPTION} {format}", "whisper-1")
    words = {"response_format": "verbose_json", "timestamp_granularities": ["word"]}
    check(asked(openai, TRANSCRIPTION, **fields, **words), f"{TRANSCRIPTION} words", "whisper-1")


def test_transcripts_that_tell_how_likely_they_are(openai: OpenAI) -> None:
    answer = asked(openai, TRANSCRIPTION, model=LIKELY, file=weather(), include=["logprobs"])
    assert check(answer, f"{TRANSCRIPTION} logprobs", LIKELY)["logprobs"]


def test_transcripts_that_tell_who_speaks(openai: OpenAI) -> None:
    need_speakers()
    talk = "talk.wav", encoded(conversation(2, 2)[0])
    model = "gpt-4o-transcribe-diarize"
    fields: dict[str, Any] = {"model": model, "file": talk, "response_format": "diarized_json"}
    whole = check(asked(openai, TRANSCRIPTION, **fields), f"{TRANSCRIPTION} diarized_json", model)
    assert whole["segments"]
    events = check(asked(openai, TRANSCRIPTION, stream=True, **fields), f"{TRANSCRIPTION} stream of turns", model)
    assert {each["type"] for each in events} >= {"transcript.text.segment"}


@pytest.mark.parametrize("format", ["json", "verbose_json", "text"])
def test_translations(openai: OpenAI, format: str) -> None:
    method = "audio.translations.create"
    answer = asked(openai, method, model="whisper-1", file=twice(), response_format=format)
    check(answer, f"{method} {format}")


def test_consents_and_voices(openai: OpenAI) -> None:
    def call(method: str, *arguments: Any, **fields: Any) -> Any:
        return check(asked(openai, f"audio.{method}", *arguments, **fields), f"audio.{method}")

    yes = ("yes.wav", read(6.0))
    consent = call("voice_consents.create", name="Anna", language="en", recording=yes)["id"]
    call("voice_consents.retrieve", consent)
    call("voice_consents.update", consent, name="Anna B.")
    assert call("voice_consents.list", limit=1)["data"]
    voice = call("voices.create", name="Anna", audio_sample=("anna.wav", read(8.0)), consent=consent)["id"]
    call("voices.delete", voice)
    call("voice_consents.delete", consent)


def test_provenance(openai: OpenAI) -> None:
    method = "content_provenance_checks.create"
    found = check(asked(openai, method, file=("kitchen.flac", speech())), method)
    assert found["watermarks"]


def test_secrets_of_sockets(openai: OpenAI) -> None:
    method = "realtime.client_secrets.create"
    check(asked(openai, method), method)
    for kind in ("realtime", "transcription"):
        assert check(asked(openai, method, session={"type": kind}), method)["session"]["type"] == kind
    method = "realtime.translations.client_secrets.create"
    session = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "de"}}}
    check(asked(openai, method, session=session), method)


def test_refusals(openai: OpenAI) -> None:
    refused: dict[str, dict[str, Any]] = {
        "audio.speech.create": {"model": "tts-1", "voice": "alloy", "input": "Hello.", "speed": 99},
        TRANSCRIPTION: {"model": "whisper-1", "file": ("a.wav", b"no audio")},
        "audio.translations.create": {"model": "whisper-1", "file": ("a.wav", b"no audio")},
        "audio.voice_consents.create": {"name": "", "language": "en", "recording": ("a.wav", read(6.0))},
        "audio.voices.create": {"name": "Calm", "type": "prompt", "prompt": "A calm old man"},
        "content_provenance_checks.create": {"file": ("a.png", b"\x89PNG")},
        "realtime.client_secrets.create": {"session": {"type": "nosuch"}},
    }
    for method, fields in refused.items():
        check(asked(openai, method, **fields), "refusal")
