"""Engines that speak and listen through another server, against a real one of ours and against faulty ones."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import pytest
from pydantic import ValidationError

from benchmarks.server import running
from engines.registry import Registry
from engines.remote_api import RemoteOptions, leaves_machine
from engines.tts.remote import RemoteSpeechEngine
from stts.audio.encode import Encoder
from stts.engine_api import Engine, ListenParams, Samples, SpeechParams
from stts.errors import Busy, EngineAccessDenied, EngineError, EngineTimeout, InvalidConfiguration, InvalidParameter
from stts.speech import AudioFormat
from tests.engines import contract, speech
from tests.engines.speech_server import Asked, Reply, SpeechServer, speech_server
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket

T = TypeVar("T")
Made = Callable[..., Any]
"""Makes a loaded engine by its name and options."""
KEY = "open sesame"


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as server:
        yield server


@pytest.fixture
def made() -> Iterator[Made]:
    """Makes loaded engines, which are unloaded in the end."""
    engines: list[Engine] = []

    def make(name: str, **options: Any) -> Any:
        engine = Registry().create(name, options)
        engine.load(contract.no_progress)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.unload()


def patiently(call: Callable[[], T]) -> T:
    """Calls again where a busy machine is slower than a limit that a test wants to strike."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return call()
        except EngineTimeout:
            if time.monotonic() > deadline:
                raise


def encoded(rate: int, format: AudioFormat = "wav") -> bytes:
    tone: Samples = np.sin(np.arange(rate, dtype=np.float32) * 2 * np.pi * 440 / rate) * np.float32(0.5)
    encoder = Encoder(format, rate)
    return b"".join([encoder.encode(tone), encoder.finish()])


def audio(body: bytes, kind: str = "audio/wav", **more: Any) -> Callable[[Asked], Reply]:
    return lambda asked: (
        Reply(body, headers={"content-type": kind}, **more) if asked.method == "POST" else Reply(status=404)
    )


def spoken(engine: RemoteSpeechEngine, text: str = "Hello there.", **params: Any) -> Samples:
    voice = engine.find_voice("alloy")
    assert voice is not None
    return np.concatenate(list(engine.synthesize(text, voice, SpeechParams(extra=engine.Parameters(), **params))))


def test_a_server_of_ours_speaks_and_listens_for_another(made: Made) -> None:
    with running({"security": {"api_key": KEY}, "tts": {"order": ["espeak"]}}) as far:
        place = {"base_url": f"http://127.0.0.1:{far.port}/v1", "api_key": KEY}
        voice_engine, ear = made("remote_tts", **place), made("remote_stt", **place)
        voice = voice_engine.find_voice("alloy")
        contract.check_tts(voice_engine, voice, "Every engine says this sentence, and leaves it when it is told to.")
        kitchen = speech.read(speech.DATA / "kitchen.flac")
        words = " ".join(segment.text for segment in ear.transcribe(kitchen, ListenParams()))
        assert speech.word_error_rate(speech.WORDS["kitchen.flac"], words) < 0.2
        for engine in (voice_engine, ear):
            contract.check_reload(engine)
            engine.unload()


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "flac", "aac"])
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_whatever_comes_is_decoded_at_one_rate(
    server: SpeechServer, format: AudioFormat, rate: int, made: Made
) -> None:
    server.answer = audio(encoded(rate, format), "application/octet-stream")
    samples = spoken(made("remote_tts", base_url=server.url))
    assert len(samples) / 24_000 == pytest.approx(1.0, abs=0.15)
    assert 0.2 < float(np.sqrt(np.mean(samples**2))) < 0.5


def test_a_request_says_what_was_asked(server: SpeechServer, made: Made) -> None:
    server.answer = audio(encoded(24_000))
    engine = made("remote_tts", base_url=f"{server.url}/v1/", api_key=KEY, model="tts-9", format="mp3")
    spoken(engine, speed=1.5)
    asked = server.asked[-1]
    assert (asked.path, asked.headers["authorization"]) == ("/v1/audio/speech", f"Bearer {KEY}")
    assert json.loads(asked.body) == {
        "model": "tts-9", "input": "Hello there.", "voice": "alloy", "response_format": "mp3", "speed": 1.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    "listed",
    [
        ["anna", "ben"],
        {"voices": ["anna", "ben"]},
        {"voices": [{"id": "anna", "gender": "female"}, {"voice_id": "ben"}]},
        {"data": [{"name": "anna"}, {"id": "ben"}, {"id": "bad\nname"}]},
    ],
)
def test_voices_are_those_that_it_lists(server: SpeechServer, listed: object, made: Made) -> None:
    server.answer = lambda asked: Reply(json.dumps(listed).encode())
    engine = made("remote_tts", base_url=server.url, voice="anna")
    assert [voice.id for voice in engine.voices()] == ["anna", "ben"]
    assert engine.find_voice("nobody") is None
    contract.check_description(engine)


def test_without_a_list_any_voice_may_be_named(server: SpeechServer, made: Made) -> None:
    engine = made("remote_tts", base_url=server.url)
    assert engine.find_voice("alloy") and engine.find_voice("af_bella+af_sky")
    assert engine.find_voice("x" * 101) is None


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply(status=401), EngineAccessDenied, "api_key"),
        (Reply(status=404), EngineError, "model"),
        (Reply(b"secret words", status=400), InvalidParameter, "refuses"),
        (Reply(status=429, headers={"retry-after": "7"}), Busy, "too much"),
        (Reply(b"secret words", status=500), EngineError, "failed (500)"),
        (Reply(status=307, headers={"location": "http://127.0.0.1:9/"}), EngineError, "redirects"),
        (Reply(b"<html>", headers={"content-type": "text/html; charset=utf-8"}), EngineError, "text/html"),
        (Reply(b"", headers={"content-type": "audio/wav"}), EngineError, "no audio"),
        (Reply(b"\x01" * 5000, headers={"content-type": "audio/wav"}), EngineError, "decode"),
        (Reply(encoded(24_000)[:20_000], breaks=True), EngineError, "broke off"),
        (Reply(encoded(24_000)[:20_000], stall=True), EngineTimeout, "too long"),
        (Reply(b"", stall=True), EngineTimeout, "too long"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else getattr(value, "__name__", value),
)
def test_faults_of_the_other_server_are_told_in_our_words(
    server: SpeechServer, reply: Reply, error: type[Exception], says: str, made: Made
) -> None:
    server.answer = lambda asked: reply if asked.method == "POST" else Reply(status=404)
    limits = {"first_seconds": 0.3, "pause_seconds": 0.3} if reply.stall else {}
    engine = patiently(lambda: made("remote_tts", base_url=server.url, **limits))
    with pytest.raises(error) as caught:
        spoken(engine)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    if isinstance(caught.value, Busy):
        assert caught.value.retry_after == 7.0
    server.answer = audio(encoded(24_000))
    assert len(patiently(lambda: spoken(engine))) > 20_000, "the next call is served"


def test_far_too_much_audio_is_cut_off_with_an_error(server: SpeechServer, made: Made) -> None:
    server.answer = audio(encoded(24_000)[:44] + bytes(24_000 * 2 * 40))
    with pytest.raises(EngineError, match="far more"):
        spoken(made("remote_tts", base_url=server.url), "Hi.")


def test_nobody_there_is_an_error() -> None:
    engine = Registry().create("remote_tts", {"base_url": "http://127.0.0.1:9/v1"})
    with pytest.raises(EngineError, match="cannot be reached"):
        engine.load(contract.no_progress)


def test_without_an_address_it_is_not_installed() -> None:
    for name in ("remote_tts", "remote_stt"):
        engine: Engine = Registry().create(name)
        assert not engine.installed()
        assert f"engines.options.{name}.base_url" in engine.info.install


@pytest.mark.parametrize(
    "url", ["ftp://host/v1", "host:8000", "http://", "http://[bad/v1", "http://h:bad/v1", "http://h:99999/v1"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        RemoteOptions(base_url=url)
    with pytest.raises(InvalidConfiguration, match="base_url"):
        Registry().create("remote_tts", {"base_url": url})


def test_only_loopback_stays_on_this_machine() -> None:
    assert [leaves_machine(url) for url in ("http://127.0.0.1:8/v1", "http://localhost/v1", "http://[::1]:8/v1")] == [
        False
    ] * 3
    assert leaves_machine("https://10.0.0.5/v1") and leaves_machine("http://speech.example/v1")
