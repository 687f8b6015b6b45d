"""The same for programs without an event loop: three lines, any number of threads, and a close from another one."""

from __future__ import annotations

import threading
import wave
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from embedded import Audio, Speech
from stts.errors import InvalidConfiguration, Unavailable, UnknownVoice
from tests.embedded.conftest import Sections
from tests.fakes import registry
from tests.patience import PATIENCE

LONG = "This sentence is said again and again. " * 100
THREAD = "embedded speech"


@pytest.fixture
def speech(sections: Sections) -> Iterator[Speech]:
    with Speech(settings=sections, registry=registry()) as speech:
        yield speech


def test_three_lines(sections: Sections, tmp_path: Path) -> None:
    with Speech(settings=sections, registry=registry()) as speech:
        audio = speech.speak("Hello, world!")
        audio.save(tmp_path / "hello.wav")
    with wave.open(str(tmp_path / "hello.wav")) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(audio.seconds, abs=0.01)
    assert THREAD not in [each.name for each in threading.enumerate()]


def test_threads_speak_and_listen_at_once(speech: Speech) -> None:
    def said(number: int) -> Audio:
        return speech.speak(f"Number {number}.", voice="high" if number % 2 else "low")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(said, range(24)))
        heard = list(pool.map(speech.transcribe, [each.data for each in found[:4]]))
    assert [each.voice for each in found] == ["low", "high"] * 12
    assert all(each.duration > 0.1 for each in heard)


def test_pieces_are_one_file(speech: Speech, tmp_path: Path) -> None:
    with (tmp_path / "long.wav").open("wb") as file:
        file.writelines(speech.stream(LONG))
    assert (tmp_path / "long.wav").stat().st_size > 1_000_000
    with closing(speech.stream(LONG)) as pieces:
        next(pieces)
    assert speech.speak("Hello").seconds > 0


def test_voices(speech: Speech) -> None:
    assert [each.id for each in speech.voices("tone")] == ["low", "high"]


def test_errors_come_as_they_are(speech: Speech) -> None:
    with pytest.raises(UnknownVoice):
        speech.speak("Hello", voice="nosuch")
    with pytest.raises(UnknownVoice):
        list(speech.stream("Hello", voice="nosuch"))


def test_it_is_used_while_it_is_open(sections: Sections) -> None:
    speech = Speech(settings=sections, registry=registry())
    with pytest.raises(Unavailable, match="not open"):
        speech.speak("Hello")
    with speech:
        speech.open()
        assert speech.speak("Hello").seconds > 0
    speech.close()
    with pytest.raises(Unavailable, match="not open"):
        speech.voices()


def test_wrong_settings_leave_no_thread_behind() -> None:
    speech = Speech(settings={"nosuch": {}})
    with pytest.raises(InvalidConfiguration, match="nosuch"):
        speech.open()
    assert THREAD not in [each.name for each in threading.enumerate()]


def test_a_close_ends_what_other_threads_wait_for(sections: Sections) -> None:
    sections["engines"]["options"]["tone"]["speed"] = 1.0
    speech, begun = Speech(settings=sections, registry=registry()), threading.Event()
    speech.open()

    def streamed() -> int:
        size = 0
        for piece in speech.stream(LONG):
            size += len(piece)
            begun.set()
        return size

    with ThreadPoolExecutor(4) as pool:
        waiting: list[Future[Any]] = [pool.submit(streamed), pool.submit(speech.speak, LONG)]
        assert begun.wait(PATIENCE)
        speech.close()
        for each in waiting:
            with pytest.raises(Unavailable):
                each.result(PATIENCE)


def test_programs_with_a_loop_may_wait_too(speech: Speech) -> None:
    """A private loop is none of theirs: two at once, each with its engines."""
    with Speech(settings={"tts": {"order": ["tone"]}}, registry=registry()) as other:
        assert other.speak("Hello").engine == speech.speak("Hello").engine == "tone"
