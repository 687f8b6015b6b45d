"""`stts transcribe` of one recording and of many, against a real server."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Server, running
from clients.command.exit_status import ANSWERED_NO, REFUSED, USAGE
from clients.command.main import app
from tests.engines.speech import DATA
from tests.engines.speech_server import Asked, Reply, speech_server

pytestmark = pytest.mark.socket

WORDS = "weather"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(
        {
            "stt": {"order": ["pocketsphinx"]},
            "models": {"offline": True},
            "engines": {"instances": {"other": {"engine": "pocketsphinx"}}},
        }
    ) as server:
        yield server


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "inner").mkdir(parents=True)
    shutil.copy(DATA / "weather.flac", folder / "one.flac")
    shutil.copy(DATA / "weather.flac", folder / "inner" / "two.flac")
    (folder / "notes.txt").write_text("no recording")
    return folder


def transcribe(server: Server, *arguments: object) -> Result:
    place = ["--server", f"http://127.0.0.1:{server.port}", "transcribe"]
    return CliRunner().invoke(app, [*place, *map(str, arguments)])


def test_one_recording_is_written_to_the_standard_output(server: Server, recordings: Path) -> None:
    result = transcribe(server, recordings / "one.flac")
    assert WORDS in result.output
    assert not (recordings / "one.txt").exists()


def test_a_folder_has_a_file_beside_each_recording(server: Server, recordings: Path) -> None:
    result = transcribe(server, recordings, "--format", "srt")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [str(recordings / "inner" / "two.srt"), str(recordings / "one.srt")]
    assert WORDS in (recordings / "one.srt").read_text()
    assert (recordings / "inner" / "two.srt").read_text().startswith("1\n00:00:0")


def test_a_second_run_goes_on_where_the_first_one_ended(server: Server, recordings: Path) -> None:
    (recordings / "one.txt").write_text("by hand")
    result = transcribe(server, recordings, "--json")
    told = {Path(each["file"]).name: each for each in json.loads(result.output)}
    assert (recordings / "one.txt").read_text() == "by hand"
    assert "skipped" in told["one.flac"]
    assert "skipped" not in told["two.flac"]
    os.utime(recordings / "one.txt", (0, 0))  # older than its recording, which has changed since
    transcribe(server, recordings)
    assert WORDS in (recordings / "one.txt").read_text()


def test_another_engine_makes_anew_what_nobody_has_changed(server: Server, recordings: Path) -> None:
    """A correction by hand stays."""
    transcribe(server, recordings)
    assert "(was there, made with pocketsphinx)" in transcribe(server, recordings).output
    (recordings / "one.txt").write_text("by hand")
    kept = transcribe(server, recordings, "--engine", "other", "--keep")
    assert "made with pocketsphinx; asked for other pocketsphinx: kept" in kept.output
    anew = transcribe(server, recordings, "--engine", "other", "--json")
    told = {Path(each["file"]).name: each for each in json.loads(anew.output)}
    assert "somebody has changed it since: --force" in told["one.flac"]["skipped"]
    assert "made with pocketsphinx; asked for other pocketsphinx: made anew" in told["two.flac"]["anew"]
    assert (recordings / "one.txt").read_text() == "by hand"
    assert "made with other pocketsphinx" in transcribe(server, recordings).output
    assert transcribe(server, recordings, "--keep", "--force").exit_code == USAGE


def test_files_go_into_a_folder_and_are_made_anew_where_that_is_wanted(
    server: Server, recordings: Path, tmp_path: Path
) -> None:
    target = tmp_path / "texts"
    pattern = str(recordings / "*.flac")
    assert transcribe(server, pattern, "-o", target).exit_code == 0
    (target / "one.txt").write_text("old")
    assert transcribe(server, pattern, "-o", target, "--force").exit_code == 0
    assert WORDS in (target / "one.txt").read_text()


def test_a_recording_that_fails_leaves_the_others_alone(server: Server, recordings: Path) -> None:
    (recordings / "broken.mp3").write_bytes(b"no sound")
    result = transcribe(server, recordings)
    assert result.exit_code == ANSWERED_NO
    assert f"{recordings / 'broken.mp3'}: " in result.output
    assert WORDS in (recordings / "one.txt").read_text()
    assert not (recordings / "broken.txt").exists()


def test_what_only_looks_like_a_recording_stops_nobody(server: Server, recordings: Path) -> None:
    (recordings / "gone.mp3").symlink_to("nowhere")
    (recordings / "folder.mp4").mkdir()
    os.mkfifo(recordings / "pipe.wav")
    result = transcribe(server, recordings)
    assert (result.exit_code, len(result.output.splitlines())) == (0, 2)


def test_names_that_find_nothing_are_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, told in (("missing-*.mp3", "no such file"), (tmp_path / "empty", "no recording in")):
        result = transcribe(server, name, "--beside")
        assert result.exit_code == REFUSED
        assert told in result.output
    nameless = transcribe(server, "-", "--beside")
    assert (nameless.exit_code, "no name" in nameless.output) == (USAGE, True)
    assert "no format" in transcribe(server, "-", "--format", "doc").output


def test_many_wait_for_a_server_that_wants_to_be_asked_later(recordings: Path) -> None:
    busy = Reply(json.dumps({"detail": "Asked too often."}).encode(), status=429, headers={"retry-after": "0"})
    tomorrow = Reply(busy.body, status=429, headers={"retry-after": "40000"})
    with speech_server() as server:
        answers = [Reply(b"weather", headers={"x-engine": "one"}), busy, tomorrow]

        def answer(asked: Asked) -> Reply:
            if asked.path != "/stt":
                return Reply(b"[]" if asked.path == "/engines" else b"{}", headers={"x-request-id": "1"})
            return answers.pop() if len(answers) > 1 else answers[0]

        server.answer = answer
        told = CliRunner().invoke(app, ["--server", server.url, "transcribe", str(recordings), "--language", "en"])
    assert told.exit_code == ANSWERED_NO
    assert told.stderr.splitlines() == [f"{recordings / 'inner' / 'two.flac'}: Asked too often."]
    assert told.stdout.splitlines() == [str(recordings / "one.txt")]
