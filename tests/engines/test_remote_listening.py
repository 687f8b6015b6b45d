"""The engine that listens through another server, against scripted ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engines.registry import Registry
from engines.stt.remote import RemoteListeningEngine
from engines.tts.remote import RemoteSpeechEngine
from stts.engine_api import Engine, ListenParams
from stts.errors import EngineError, InvalidParameter
from tests.engines import contract
from tests.engines.speech_server import Asked, Reply, SpeechServer, speech_server

pytestmark = pytest.mark.socket

VERBOSE = {
    "text": "Hello there. Bye.",
    "language": "english",
    "segments": [
        {"text": " Hello there.", "start": 0.0, "end": 1.0, "avg_logprob": -0.2, "no_speech_prob": 0.1},
        {"text": " Bye.", "start": 1.2, "end": 99.0, "temperature": 0.2},
    ],
    "words": [{"word": "Hello", "start": 0.1, "end": 0.4}, {"word": "Bye", "start": 1.3, "end": 1.8}],
}


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as server:
        yield server


@pytest.fixture
def ear(server: SpeechServer) -> Iterator[RemoteListeningEngine]:
    engine = Registry().create("remote_stt", {"base_url": server.url})
    assert isinstance(engine, RemoteListeningEngine)
    engine.load(contract.no_progress)
    yield engine
    engine.unload()


def heard(ear: RemoteListeningEngine, **params: Any) -> list[Any]:
    return list(ear.transcribe(np.zeros(32_000, np.float32), ListenParams(**params)))


def transcript(asked: Asked) -> Reply:
    return Reply(json.dumps(VERBOSE if b"verbose_json" in asked.body else {"text": "Hello."}).encode())


def test_segments_come_with_times_within_the_audio(server: SpeechServer, ear: RemoteListeningEngine) -> None:
    server.answer = lambda asked: Reply(json.dumps(VERBOSE).encode())
    first, second = heard(ear, word_timestamps=True, language="en-GB", prompt="So")
    assert (first.text, first.start, first.end, first.language, first.avg_logprob) == ("Hello there.", 0, 1, "en", -0.2)
    assert [word.text for word in first.words] == ["Hello"]
    assert (second.text, second.start, second.end, second.temperature) == ("Bye.", 1.2, 2.0, 0.2)
    sent = server.asked[-1].body
    for field in (
        b"verbose_json",
        b"timestamp_granularities[]",
        b'name="prompt"\r\n\r\nSo',
        b'name="language"\r\n\r\nen\r\n',
    ):
        assert field in sent


def test_a_model_without_details_is_asked_plainly_from_then_on(
    server: SpeechServer, ear: RemoteListeningEngine
) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(status=400) if b"verbose_json" in asked.body else Reply(b'{"text": "Hello."}')

    server.answer = answer
    for _ in range(2):
        (segment,) = heard(ear)
        assert (segment.text, segment.start, segment.end) == ("Hello.", 0.0, 2.0)
    assert len(server.asked) == 3
    heard(ear, task="translate")
    assert server.asked[-1].path == "/audio/translations"


def test_a_model_without_word_times_still_tells_its_segments(server: SpeechServer, ear: RemoteListeningEngine) -> None:
    def answer(asked: Asked) -> Reply:
        if b"timestamp_granularities" in asked.body:
            return Reply(status=400)
        return transcript(asked)

    server.answer = answer
    for _ in range(2):
        assert len(heard(ear, word_timestamps=True)) == 2
    assert len(heard(ear)) == 2
    assert len(server.asked) == 4


def test_a_request_that_is_refused_for_itself_changes_nothing(server: SpeechServer, ear: RemoteListeningEngine) -> None:
    server.answer = lambda asked: Reply(status=400)
    with pytest.raises(InvalidParameter):
        heard(ear, word_timestamps=True)
    server.answer = lambda asked: Reply(json.dumps(VERBOSE).encode())
    assert heard(ear, word_timestamps=True)[0].words


def test_a_refusal_of_one_path_is_none_of_another(server: SpeechServer, ear: RemoteListeningEngine) -> None:
    def answer(asked: Asked) -> Reply:
        refused = b"verbose_json" in asked.body and "translations" in asked.path
        return Reply(status=400) if refused else transcript(asked)

    server.answer = answer
    assert len(heard(ear, task="translate")) == 1
    assert heard(ear, word_timestamps=True)[0].words


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"text": 5}', b""])
def test_what_is_no_transcript_is_an_error(server: SpeechServer, body: bytes, ear: RemoteListeningEngine) -> None:
    server.answer = lambda asked: Reply(body)
    with pytest.raises(EngineError):
        heard(ear)


@pytest.mark.parametrize("kind", [RemoteListeningEngine, RemoteSpeechEngine])
def test_they_describe_themselves_where_nobody_said_where_their_options_stand(kind: Callable[[], Engine]) -> None:
    engine = kind()
    assert f"engines.options.{engine.info.name}.base_url" in engine.info.install
    assert engine.option("model") == f"engines.options.{engine.info.name}.model"
