"""The time that a transcript may still take, as it is told at a terminal."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from clients.command import waiting
from clients.command.terminal import Progress
from clients.command.waiting import clock, left_of, ticking, work_factor


def ear(name: str, factor: float | None, requests: int, kind: str = "stt") -> dict[str, Any]:
    return {"name": name, "kind": kind, "measured": {"real_time_factor": factor, "requests": requests}}


def test_the_ear_that_was_asked_the_most_tells_the_time() -> None:
    ears = [ear("a", 0.1, 3), ear("b", 0.5, 9), ear("c", None, 20), ear("voice", 0.01, 99, "tts")]
    assert work_factor(ears, None) == 0.5
    assert work_factor(ears, "a") == 0.1
    assert work_factor(ears, "c") is None
    assert work_factor([], None) is None


def test_what_takes_longer_than_expected_has_no_time_left() -> None:
    assert left_of(90.0)(20.0) == ", 1:10 left"
    assert left_of(90.0)(100.0) == left_of(None)(5.0) == ""
    assert clock(3671) == "61:11"


def test_a_terminal_is_told_and_its_line_removed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ticking(Progress(lines=False), "Listening", left_of(None)):
        pass
    shown = capsys.readouterr().err
    assert "Listening" in shown and shown.endswith("\r\033[K")


def test_a_pipe_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with ticking(Progress(lines=False), "Listening", left_of(None)):
        pass
    assert capsys.readouterr() == ("", "")
    assert waiting.TELL_SECONDS == 1.0
