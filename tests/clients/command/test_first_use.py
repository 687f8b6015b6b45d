"""An engine that is named and not installed: its size is told, and nobody's disk is filled without a yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clients.command import first_use
from clients.command.exit_status import REFUSED
from clients.command.main import app
from tests.engines.speech_server import Asked, Reply, SpeechServer, speech_server

pytestmark = pytest.mark.socket

OURS = {"x-request-id": "1"}
JOB = {"id": "job-1", "state": "running", "subject": "heavy", "step": "Fetching", "part": 0.5}


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    """A server on which `heavy` is not installed, until it is."""
    with speech_server() as server:

        def answer(asked: Asked) -> Reply:
            if asked.path == "/tts":
                return Reply(b"RIFF", headers={"content-type": "audio/wav"})
            if asked.path == "/engines/heavy/install" and asked.method == "POST":
                return Reply(json.dumps(JOB).encode(), status=202)
            told = {
                "/health": {"status": "ok"},
                "/engines/heavy": {"name": "heavy", "state": "not_installed"},
                "/engines/light": {"name": "light", "state": "cold"},
                "/engines/heavy/install": {"state": "absent", "download_bytes": 3_333_000_000},
                "/jobs/job-1": {**JOB, "state": "done"},
            }
            return Reply(json.dumps(told[asked.path]).encode(), headers=OURS)

        server.answer = answer
        yield server


def say(server: SpeechServer, folder: Path, *arguments: str, stdin: str = "") -> Result:
    target = str(folder / "x.wav")
    return CliRunner().invoke(app, ["--url", server.url, "say", "Hello", "-o", target, *arguments], input=stdin)


def paths(server: SpeechServer) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in server.asked]


def test_a_program_is_told_the_size_and_how_to_allow_it(server: SpeechServer, tmp_path: Path) -> None:
    refused = say(server, tmp_path, "--engine", "heavy", stdin="y\n")
    assert refused.exit_code == REFUSED
    assert "3,333 MB" in refused.stderr and "--yes" in refused.stderr
    assert list(tmp_path.iterdir()) == [] and "POST /engines/heavy/install" not in paths(server)


@pytest.mark.parametrize(("typed", "installed"), [("y\n", True), ("n\n", False)])
def test_a_person_is_asked(
    server: SpeechServer, tmp_path: Path, typed: str, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_use, "person_is_there", lambda: True)
    result = say(server, tmp_path, "--engine", "heavy", stdin=typed)
    assert "3,333 MB of downloads. Install it?" in result.stderr
    assert ("POST /engines/heavy/install" in paths(server), result.exit_code == 0) == (installed, installed)


def test_who_says_yes_is_not_asked(server: SpeechServer, tmp_path: Path) -> None:
    assert say(server, tmp_path, "--engine", "heavy", "--yes").exit_code == 0
    assert paths(server)[-3:] == ["POST /engines/heavy/install", "GET /jobs/job-1", "POST /tts"]


def test_an_engine_that_is_there_and_one_that_is_chosen_are_not_asked_about(
    server: SpeechServer, tmp_path: Path
) -> None:
    assert say(server, tmp_path, "--engine", "light").exit_code == 0
    assert say(server, tmp_path).exit_code == 0
    assert paths(server) == ["GET /health", "GET /engines/light", "POST /tts", "GET /health", "POST /tts"]
