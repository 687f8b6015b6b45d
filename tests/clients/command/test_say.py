"""`stts say` in pipes: lines are spoken as they come, and nothing but audio goes out."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Server, running
from clients.caller import Caller
from clients.command import devices, playback
from clients.command.exit_status import INTERRUPTED, REFUSED, UNREACHED, USAGE
from clients.command.main import app
from clients.command.spoken_lines import spoken
from stts.settings import ServerSettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests.fakes import registry
from tests.nginx import make_certificate
from tests.server import running as running_here

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[3]
HEAD_BYTES = 44

INTERRUPTIBLE = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('clients.cli', run_name='__main__')"
)
"""The command, also where the tests run in the background of a shell: its programs ignore the signal from the start."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running({"models": {"offline": True}, "tts": {"order": ["espeak"]}}) as server:
        yield server


def say(server: Server, *arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(app, ["--url", f"http://127.0.0.1:{server.port}", "say", *arguments], input=stdin)


def started(server: Server) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", INTERRUPTIBLE, "--url", f"http://127.0.0.1:{server.port}", "say", "-o", "-"]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, bufsize=0
    )


def frames(data: bytes) -> int:
    with wave.open(io.BytesIO(data)) as file:
        return len(file.readframes(1 << 30)) // 2


def test_a_line_is_heard_before_the_next_is_written(server: Server) -> None:
    with started(server) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"The first line.\n")
        first = os.read(process.stdout.fileno(), HEAD_BYTES + 1)
        while len(first) <= HEAD_BYTES:
            first += os.read(process.stdout.fileno(), 1)
        process.stdin.write(b"And the second one.\n")
        process.stdin.close()
        rest = process.stdout.read()
        assert rest is not None
        assert (process.wait(), process.stderr.read()) == (0, b"")
    assert frames(first + rest) > frames(say(server, stdin=b"The first line.\n").stdout_bytes) > 10_000


def test_lines_pass_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate = make_certificate(tmp_path, "127.0.0.1")
    tls = ServerSettings(tls_certificate=str(certificate), tls_key=str(certificate.with_suffix(".key")))
    settings = Settings(
        server=tls,
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(tmp_path / "data")),
    )
    with running_here(settings, registry()) as here:
        address = here.url.replace("http://", "https://")
        refused = CliRunner().invoke(app, ["--url", address, "say"], input=b"Hello.\n")
        assert refused.exit_code == UNREACHED and "SSL_CERT_FILE" in refused.stderr
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        # Not by the command: what the server of this process logs would stand in the command's standard output.
        heard = b"".join(spoken(Caller(address), {"format": "wav"}, [b"Hello there.\n", b"Again.\n"]))
    assert frames(heard) > 10_000


def test_ctrl_c_ends_it_while_it_waits_for_a_line(server: Server) -> None:
    with started(server) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"The first line.\n")
        os.read(process.stdout.fileno(), 1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait() == INTERRUPTED
        assert b"Traceback" not in (process.stderr.read() or b"")


def test_nothing_but_audio_goes_into_a_pipe(server: Server) -> None:
    for arguments, stdin in ((("Hello there.",), b""), ((), b"Hello there.\n\nAgain.")):
        spoken = say(server, *arguments, stdin=stdin)
        assert (spoken.exit_code, spoken.stderr) == (0, "")
        assert frames(spoken.stdout_bytes) > 10_000
    compressed = say(server, "--format", "mp3", stdin=b"Hello there.\nAgain.\n")
    assert compressed.stdout_bytes[:2] == b"\xff\xf3"


def test_what_is_refused_is_no_audio(server: Server) -> None:
    for arguments in (("--voice", "nobody"), ("Hello", "--voice", "nobody")):
        refused = say(server, *arguments, stdin=b"Hello\n")
        assert (refused.exit_code, refused.stdout_bytes) == (REFUSED, b"")
        assert "has this voice" in refused.stderr
    assert say(server, "Hello", "--format", "doc").exit_code == REFUSED
    assert say(server, "Hello", "-o", "hello.doc").exit_code == USAGE


def test_lines_are_played_as_they_come(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard.wav"
    monkeypatch.setattr(playback, "PLAYERS", (("tee", str(heard)),))
    assert say(server, "--play", stdin=b"Hello there.\nAgain.\n").exit_code == 0
    assert frames(heard.read_bytes()) > 10_000


def test_a_player_that_gives_up_says_why(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "PLAYERS", (("sh", "-c", "cat >/dev/null; echo no card >&2; exit 3"),))
    refused = say(server, "Hello", "--play")
    assert "no card" in refused.stderr and "--output" in refused.stderr


def test_the_package_plays_where_no_program_does(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    miniaudio = pytest.importorskip("miniaudio")
    monkeypatch.setattr(playback, "PLAYERS", ())
    monkeypatch.setattr(devices, "BACKENDS", [miniaudio.Backend.NULL])
    played = say(server, "Hello.", "--play")
    assert (played.exit_code, played.output) == (0, "")
