"""`stts transcribe --live`: words while they are spoken, of a recording in place of the microphone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.server import Server, running
from clients.command.exit_status import LACKING, REFUSED, USAGE
from clients.command.live_words import Line, written
from clients.command.main import app
from tests.engines.speech import DATA

LINES = [Line("One.", 0, 1500), Line("Two.", 3_600_000, 3_661_042)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running({"models": {"offline": True}, "tts": {"order": ["espeak"]}}) as server:
        yield server


@pytest.mark.socket
def test_a_recording_of_the_tests_is_transcribed_while_it_is_read(server: Server, tmp_path: Path) -> None:
    place = ["--url", f"http://127.0.0.1:{server.port}", "transcribe", "--live"]
    weather = str(DATA / "weather.flac")
    heard = CliRunner().invoke(app, [*place, weather])
    assert heard.exit_code == 0, heard.output
    assert "tomorrow" in heard.stdout
    kept = CliRunner().invoke(
        app, [*place, "-", "--format", "srt", "-o", str(tmp_path)], input=Path(weather).read_bytes()
    )
    assert kept.exit_code == 0, kept.output
    assert kept.stdout.startswith("1\n00:00:0") and "tomorrow" in kept.stdout
    assert [path.read_text() for path in tmp_path.iterdir()] == [kept.stdout]
    for name in ("missing.wav", __file__):
        assert CliRunner().invoke(app, [*place, name]).exit_code == REFUSED
    assert CliRunner().invoke(app, [*place, weather, weather]).exit_code == USAGE


@pytest.mark.socket
def test_without_a_microphone_it_says_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    miniaudio = pytest.importorskip("miniaudio")
    monkeypatch.setattr("clients.command.devices.BACKENDS", [miniaudio.Backend.WINMM])
    deaf = CliRunner().invoke(app, ["--url", f"http://127.0.0.1:{server.port}", "transcribe", "--live"])
    assert (deaf.exit_code, "No microphone" in deaf.stderr) == (LACKING, True)


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("text", "One.\nTwo."),
        ("srt", "1\n00:00:00,000 --> 00:00:01,500\nOne.\n\n2\n01:00:00,000 --> 01:01:01,042\nTwo.\n"),
        ("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nOne.\n\n01:00:00.000 --> 01:01:01.042\nTwo.\n"),
        (
            "json",
            '{"text": "One. Two.", "segments": [{"start": 0.0, "end": 1.5, "text": "One."}, '
            '{"start": 3600.0, "end": 3661.042, "text": "Two."}]}',
        ),
    ],
)
def test_a_transcript_is_written_in_each_format(format: str, expected: str) -> None:
    assert written(LINES, format) == expected


def test_words_cannot_break_subtitles() -> None:
    lines = [Line("a < b & c --> d\n\ne", 0, 1000)]
    assert "a &lt; b &amp; c --&gt; d" in written(lines, "vtt")
    assert written(lines, "srt").count("-->") == 1
    assert all("\n\n" not in written(lines, format).partition("\na")[2] for format in ("srt", "vtt"))
