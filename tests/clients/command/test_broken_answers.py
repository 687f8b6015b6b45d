"""The command `stts` where a server breaks off, never answers, or never starts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import free_port
from clients.command import connection, places, playback
from clients.command.exit_status import REFUSED, TERMINATED, UNREACHED, USAGE
from clients.command.main import app
from tests.engines.speech_server import Asked, Reply, SpeechServer, speech_server
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket

SOUND = {"content-type": "audio/wav"}
SHORT = Reply(b"RIFF" * 100, headers=SOUND, breaks=True)
CUT_CHUNK = Reply(b"ff\r\nRIFF", headers={**SOUND, "transfer-encoding": "chunked"}, breaks=True)
NO_LAST_CHUNK = Reply(b"4\r\nRIFF\r\n", headers={**SOUND, "transfer-encoding": "chunked"}, breaks=True)
BROKEN = pytest.mark.parametrize("reply", [SHORT, CUT_CHUNK, NO_LAST_CHUNK], ids=["length", "chunk", "last chunk"])


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as server:
        yield server


def stts(server: SpeechServer, reply: Reply, *arguments: str) -> Result:
    """The command against a server that is healthy, and answers all else with this."""

    def answer(asked: Asked) -> Reply:
        return Reply(b"{}", headers={"x-request-id": "1"}) if asked.path == "/health" else reply

    server.answer = answer
    return CliRunner().invoke(app, ["--url", server.url, *arguments])


def broke_off(result: Result) -> bool:
    return result.exit_code == UNREACHED and "broke off" in result.stderr and len(result.stderr.splitlines()) == 1


@BROKEN
def test_a_file_that_did_not_come_whole_is_none(server: SpeechServer, reply: Reply, tmp_path: Path) -> None:
    result = stts(server, reply, "say", "Hello", "-o", str(tmp_path / "hello.wav"))
    assert broke_off(result), result.output
    assert list(tmp_path.iterdir()) == []


@BROKEN
def test_so_is_what_goes_into_a_pipe_or_is_played(
    server: SpeechServer, reply: Reply, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "PLAYERS", (("tee", str(tmp_path / "heard.wav")),))
    for arguments in (("-o", "-"), ("--play",)):
        assert broke_off(stts(server, reply, "say", "Hello", *arguments))


def test_a_refusal_that_breaks_off_is_no_answer(server: SpeechServer) -> None:
    result = stts(server, Reply(b'{"detail"', status=503, breaks=True), "say", "Hello", "-o", "-", "--json")
    assert result.exit_code == UNREACHED
    assert "no answer" in json.loads(result.stdout)["error"]


def test_the_disk_is_blamed_for_its_own(server: SpeechServer, tmp_path: Path) -> None:
    whole = Reply(b"RIFF", headers=SOUND)
    result = stts(server, whole, "say", "Hello", "-o", str(tmp_path / "missing" / "hello.wav"))
    assert "cannot be written" in result.stderr
    assert stts(server, whole, "say", "Hello", "-o", str(tmp_path / "hello.wav")).exit_code == 0


def test_only_wav_is_played(server: SpeechServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "PLAYERS", (("tee", str(tmp_path / "heard.wav")),))
    refused = stts(server, Reply(b"RIFF"), "say", "Hello", "--format", "mp3", "--play")
    assert (refused.exit_code, server.asked) == (USAGE, [])
    assert "--output" in refused.stderr
    assert stts(server, Reply(b"RIFF", headers=SOUND), "say", "Hello", "--format", "WAV", "--play").exit_code == 0


def test_a_server_that_says_nothing_about_its_health_is_not_waited_for(
    server: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEALTH_SECONDS", 0.2)
    server.answer = lambda asked: Reply(stall=True)
    silent = CliRunner().invoke(app, ["--url", server.url, "voices"])
    assert silent.exit_code == UNREACHED
    assert "does not answer" in silent.stderr


def test_a_server_of_one_s_own_that_never_listens_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server_v2.py").write_text("import time\ntime.sleep(3600)\n")
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").touch()
    monkeypatch.setattr(connection, "START_SECONDS", 0.2)
    monkeypatch.setenv("STTS_SERVER__PORT", str(free_port()))
    monkeypatch.delenv("STTS_URL", raising=False)
    alone = CliRunner().invoke(app, ["voices"])
    assert alone.exit_code == UNREACHED
    assert "did not listen within 0.2 seconds" in alone.stderr


@pytest.mark.parametrize("body", [b'{"status": "ok"}', b"<html>", b"[]"])
def test_another_kind_of_server_is_none(server: SpeechServer, body: bytes, tmp_path: Path) -> None:
    server.answer = lambda asked: Reply(body)
    for arguments in (("say", "Hello", "-o", str(tmp_path / "x.wav")), ("voices",), ("doctor",)):
        result = CliRunner().invoke(app, ["--url", server.url, *arguments])
        assert (result.exit_code, "something else" in result.stderr) == (UNREACHED, True), result.output
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_is_terminated_leaves_no_part_of_a_file(server: SpeechServer, tmp_path: Path) -> None:
    healthy = Reply(b"{}", headers={"x-request-id": "1"})
    server.answer = lambda asked: healthy if asked.path == "/health" else Reply(b"RIFF", headers=SOUND, stall=True)
    target = tmp_path / "hello.wav"
    words = [sys.executable, "-m", "clients.cli", "--url", server.url, "say", "Hello", "-o", str(target)]
    with subprocess.Popen(words, cwd=Path(__file__).parents[3]) as command:
        until = time.monotonic() + PATIENCE
        while not list(tmp_path.glob(".stts-*")):
            assert time.monotonic() < until and command.poll() is None
            time.sleep(0.01)
        command.terminate()
        assert command.wait(PATIENCE) == TERMINATED
    assert list(tmp_path.glob("*.wav")) + list(tmp_path.glob(".stts-*")) == []


def test_who_lacks_a_key_is_told_where_it_goes(server: SpeechServer) -> None:
    refused = Reply(json.dumps({"detail": "This server wants a key."}).encode(), status=401)
    told = stts(server, refused, "voices")
    assert (told.exit_code, "--key or STTS_KEY" in told.stderr) == (REFUSED, True)


def test_doctor_tells_of_the_machine_where_no_server_answers(server: SpeechServer) -> None:
    told = stts(server, Reply(b"<html>"), "doctor")
    assert "Python: " in told.stdout and told.exit_code in (REFUSED, UNREACHED)


@pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:99999", "http://host/?a=b", "http://u:p@host"])
def test_an_address_that_is_none_is_not_asked(address: str) -> None:
    told = CliRunner().invoke(app, ["--server", address, "voices"])
    assert (told.exit_code, told.stderr.count("\n")) == (USAGE, 1)


def test_what_is_no_audio_is_not_kept(server: SpeechServer, tmp_path: Path) -> None:
    result = stts(server, Reply(b"<html>"), "say", "Hello", "-o", str(tmp_path / "x.wav"))
    assert (result.exit_code, list(tmp_path.iterdir())) == (UNREACHED, [])


def test_a_key_is_not_sent_where_a_server_points_to(server: SpeechServer) -> None:
    with speech_server() as other:
        server.answer = lambda asked: Reply(status=302, headers={"location": f"{other.url}/voices"})
        result = CliRunner().invoke(app, ["--url", server.url, "--key", "secret", "voices"])
        assert (result.exit_code, other.asked) == (UNREACHED, [])
        assert "points to" in result.stderr


def test_addresses_and_keys_that_are_none_are_told(server: SpeechServer) -> None:
    bare = server.url.removeprefix("http://")
    server.answer = lambda asked: Reply(b"[]", headers={"x-request-id": "1"})
    for place, status in (
        (["--url", "ftp://127.0.0.1"], USAGE),
        (["--url", server.url, "--key", "one\ntwo"], USAGE),
        (["--url", bare], UNREACHED),  # it was asked, and is no such server
    ):
        result = CliRunner().invoke(app, [*place, "voices"])
        assert (result.exit_code, result.stderr.count("\n")) == (status, 1), result.output
    assert stts(server, Reply(b"[]"), "--help").exit_code == 0
    with_letters = CliRunner().invoke(app, ["--url", server.url, "--key", "schl\u00fcssel \u20ac", "voices", "--all"])
    assert with_letters.exit_code in (0, UNREACHED)
    assert "Traceback" not in with_letters.output
