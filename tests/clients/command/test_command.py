"""The command `stts` against a real server, and against what is no server."""

from __future__ import annotations

import io
import json
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Server, free_port, running
from clients.command import first_use, playback
from clients.command.exit_status import LACKING, REFUSED, UNREACHED, USAGE, CommandFailed
from clients.command.main import app

pytestmark = pytest.mark.socket

KEY = "open sesame"
ESPEAK = {"tts": {"order": ["espeak"]}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running({"security": {"api_key": KEY}, "models": {"offline": True}, **ESPEAK}) as server:
        yield server


def stts(server: Server | None, *arguments: str, key: str = KEY, stdin: bytes = b"") -> Result:
    place = [] if server is None else ["--url", f"http://127.0.0.1:{server.port}", "--key", key]
    return CliRunner().invoke(app, [*place, *arguments], input=stdin)


def test_speech_goes_into_a_file_with_its_true_length(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "hello.wav"
    result = stts(server, "say", "Hello world", "-o", str(target), "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert (told["engine"], told["output"], told["bytes"]) == ("espeak", str(target), target.stat().st_size)
    with wave.open(str(target)) as file:
        assert 0.5 < file.getnframes() / file.getframerate() < 2
    assert [path.name for path in tmp_path.iterdir()] == ["hello.wav"]


def test_a_file_s_name_says_the_format(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "hello.mp3"
    assert stts(server, "say", "Hello", "-o", str(target)).exit_code == 0
    assert target.read_bytes()[:2] == b"\xff\xf3"
    refused = stts(server, "say", "Hello", "-o", str(tmp_path / "hello.doc"))
    assert refused.exit_code == USAGE
    assert "--format" in refused.output


def test_text_and_audio_pass_through_pipes(server: Server) -> None:
    spoken = stts(server, "say", "-", "-o", "-", stdin=b"One two three.")
    with wave.open(io.BytesIO(spoken.stdout_bytes)) as file:
        assert file.getframerate() == 24_000
    heard = stts(server, "transcribe", "-", "--json", stdin=spoken.stdout_bytes)
    assert heard.exit_code == 0, heard.output
    assert json.loads(heard.output)["duration"] > 0.5


def test_speech_is_played_where_no_file_is_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "heard.wav"
    monkeypatch.setattr(playback, "PLAYERS", (("tee", str(heard)),))
    assert stts(server, "say", "Hello", "--play").exit_code == 0
    assert heard.read_bytes()[:4] == b"RIFF"
    monkeypatch.setattr(playback, "PLAYERS", (("no-such-player",),))
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    silent = stts(server, "say", "Hello", "--play")
    assert (silent.exit_code, "--output" in silent.output) == (LACKING, True)


@pytest.mark.parametrize(("size", "amount"), [(3_333_000_000, "3,333 MB"), (None, "an unknown amount")])
def test_a_program_is_told_what_an_installation_would_fetch_and_not_asked(size: int | None, amount: str) -> None:
    with pytest.raises(CommandFailed, match=f"{amount} of downloads; --yes") as refused:
        first_use.confirm("chatterbox", {"download_bytes": size}, as_json=True)
    assert refused.value.status == REFUSED


def test_voices_and_engines_are_listed(server: Server) -> None:
    voices = stts(server, "voices", "--language", "de").output.splitlines()
    assert voices[0].split() == ["ENGINE", "VOICE", "LANGUAGES", "GENDER"]
    assert any(line.split()[:2] == ["espeak", "de"] for line in voices)
    found = json.loads(stts(server, "engines", "list", "--json").output)
    assert "espeak" in {engine["name"] for engine in found}
    assert "espeak" in stts(server, "engines", "list").output


def test_models_are_listed_and_pulled(server: Server) -> None:
    listed = {model["id"]: model for model in json.loads(stts(server, "models", "list", "--json").output)}
    assert listed["whisper-base"]["engine"] == "faster_whisper"
    assert "whisper-base" in stts(server, "models", "list").output
    for name, told in (("nobody", "no such model"), ("vosk-ko", "models.offline is set")):
        refused = stts(server, "models", "pull", name)
        assert refused.exit_code == REFUSED
        assert told in refused.output
    removed = stts(server, "models", "remove", "nobody")
    assert removed.exit_code == REFUSED


def test_an_engine_is_loaded_probed_and_unloaded(server: Server) -> None:
    assert "ready" in stts(server, "engines", "load", "silero").output
    assert "works" in stts(server, "engines", "probe", "silero").output
    assert "cold" in stts(server, "engines", "unload", "silero").output
    missing = stts(server, "engines", "load", "nobody")
    assert missing.exit_code == REFUSED
    assert "no such engine" in missing.output


def test_what_goes_wrong_is_one_line_and_a_status(server: Server, tmp_path: Path) -> None:
    wrong_key = stts(server, "voices", key="wrong")
    assert (wrong_key.exit_code, len(wrong_key.output.splitlines())) == (REFUSED, 1)
    no_file = stts(server, "transcribe", str(tmp_path / "missing.wav"), "--json")
    assert "cannot be read" in json.loads(no_file.output)["error"]
    nobody = CliRunner().invoke(app, ["--url", f"http://127.0.0.1:{free_port()}", "voices"])
    assert nobody.exit_code == UNREACHED
    assert "stts serve" in nobody.output


def test_without_a_server_a_command_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STTS_SERVER__PORT", str(free_port()))
    monkeypatch.setenv("STTS_STORAGE__ROOT", str(tmp_path / "data"))
    monkeypatch.setenv("STTS_TTS__ORDER", '["espeak"]')
    monkeypatch.delenv("STTS_URL", raising=False)
    result = stts(None, "say", "Hello", "-o", str(tmp_path / "alone.wav"))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "alone.wav").stat().st_size > 10_000
    refused = stts(None, "engines", "load", "espeak")
    assert refused.exit_code == UNREACHED
