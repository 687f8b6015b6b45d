"""The server as its operator starts it: `python server_v2.py` in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from benchmarks.server import free_port as free_port
from middleware.serving.listening import CannotListen
from server_v2 import main
from tests import patient
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parent.parent
LONG_TEXT = "This sentence is said again and again, so that there is much to send. " * 300


@contextmanager
def started(folder: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Ready to answer; killed at the end if it still runs."""
    environment = {**os.environ, **{f"STTS_{key.upper()}": value for key, value in settings.items()}}
    command = [sys.executable, str(ROOT / "server_v2.py")]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def announcement(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(4)]


def wait_for(port: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            with patient.urlopen(f"http://127.0.0.1:{port}/health"):
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("the server did not answer")


def run(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A start that should end by itself."""
    environment = {**os.environ, **{f"STTS_{key.upper()}": value for key, value in settings.items()}}
    return patient.run(
        [sys.executable, str(ROOT / "server_v2.py")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_it_says_where_it_is_and_how_to_make_it_speak(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, server__port=str(port)) as process:
        address, pages, docs, speak = announcement(process)
        wait_for(port)
        assert address.endswith(f"http://127.0.0.1:{port}")
        assert f" http://127.0.0.1:{port}/ " in pages and docs.endswith("/docs")
        url = speak.split("'")[1]
        with patient.urlopen(url) as answer:
            assert answer.read(4) == b"RIFF"


def test_a_server_that_is_killed_keeps_the_usage_that_it_has_written(tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "data" / "stts.db"

    def kept(table: str) -> int:
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as database:
                return int(database.execute(f"SELECT COALESCE(SUM(operations), 0) FROM {table}").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # not made yet

    with started(tmp_path, server__port=str(port), tts__order="espeak", usage__enabled="true") as process:
        wait_for(port)
        deadline = time.monotonic() + PATIENCE
        asked = 0
        while (written := kept("usage")) < 4:
            asked += 1
            with patient.urlopen(f"http://127.0.0.1:{port}/tts?text=Hello") as answer:
                answer.read()
            assert time.monotonic() < deadline
        process.kill()
        process.wait(PATIENCE)
    assert written <= kept("usage") <= asked
    assert kept("usage_hours") == kept("usage")


def test_the_log_has_the_request_id_and_never_the_text(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, server__port=str(port), tts__order="espeak") as process:
        wait_for(port)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/tts?text=confidential", headers={"X-Request-ID": "told-by-me"}
        )
        with patient.urlopen(request) as answer:
            answer.read()
            assert answer.headers["x-request-id"] == "told-by-me"
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    lines = [json.loads(line) for line in (tmp_path / "log.txt").read_text().splitlines()]
    (operation,) = [line for line in lines if line["event"] == "operation"]
    assert operation["request_id"] == "told-by-me"
    assert (operation["engine"], operation["status"]) == ("espeak", "completed")
    assert "confidential" not in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize("drain", ["600", "1"])
def test_a_stop_lets_streams_finish_within_the_drain_time_then_cuts_them(tmp_path: Path, drain: str) -> None:
    port = free_port()
    with started(tmp_path, server__port=str(port), server__drain_seconds=drain, tts__order="espeak") as process:
        wait_for(port)
        body = json.dumps({"text": LONG_TEXT, "format": "pcm", "stream": True}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/tts", body, headers)
        with patient.urlopen(request) as answer:
            got = len(answer.read(10_000))
            process.send_signal(signal.SIGTERM)
            if drain == "1":
                process.wait(PATIENCE)
                with pytest.raises((OSError, http.client.IncompleteRead)):
                    while answer.read(1_000_000):
                        pass
            else:
                while data := answer.read(1_000_000):
                    got += len(data)
                assert got / 2 / 22_050 > 750
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("server:\n  port: eighty\n", ("server.port", "2")),
        ("limits:\n  queue_length: -1\n", ("limits.queue_length", "2", "-1")),
        ("tts:\n  nosuch: 1\n", ("tts.nosuch", "2")),
        ("tts: [\n", ("config.yaml",)),
        ("engines:\n  options:\n    whisper:\n      nosuch: 1\n", ("engines.options.whisper.nosuch", "4")),
        ("engines:\n  options:\n    whispr: {}\n", ("engines.options.whispr", "line 3", "whisper")),
        ("stt:\n  vad: nosuch\n", ("stt.vad", "line 2", "silero")),
        ("tts:\n  order: [nosuch]\n", ("tts.order", "line 2", "espeak")),
        ("server:\n  tls_certificate: nosuch\n  tls_key: nosuch\n", ("server.tls_certificate", "line 2")),
        ("security:\n  api_key: ' a'\n", ("security.api_key", "line 2", "white space")),
    ],
)
def test_a_broken_file_is_one_clear_message_and_status_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    named: tuple[str, ...],
) -> None:
    (tmp_path / "config.yaml").write_text(file)
    monkeypatch.chdir(tmp_path)
    assert main([]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert all(part in told.err for part in named), told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    "settings", ["audit: {enabled: true}", "quotas: {address: {characters_per_day: 100}}", "usage: {enabled: true}"]
)
def test_whatever_keeps_something_in_the_database_wants_one_of_this_version(
    settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def started(*_: object) -> socket.socket:
        raise CannotListen("It was to be started.")

    monkeypatch.setattr("middleware.serving.listening.listening", started)
    monkeypatch.setattr("server_v2.configure_logging", lambda _, worker: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(f"storage: {{root: '{tmp_path}'}}\n{settings}\n")
    with closing(sqlite3.connect(tmp_path / "stts.db")) as connection:
        connection.executescript(
            "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('9999')"
        )
    assert main([]) == 2
    assert "newer version of this server" in capsys.readouterr().err


def test_the_status_is_the_exit_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("tts: [\n")
    ended = run(tmp_path)
    assert ended.returncode == 2
    assert "config.yaml" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize(("group", "mask"), [("false", 0o077), ("true", 0o007)])
def test_what_it_stores_is_for_its_own_user(tmp_path: Path, group: str, mask: int) -> None:
    port = free_port()
    settings = {"storage__root": "kept", "storage__group_access": group, "security__keys": "true"}
    before = os.umask(0o022)
    try:
        with started(tmp_path, server__port=str(port), **settings) as process:
            wait_for(port)
            give_up = time.monotonic() + PATIENCE
            while not (tmp_path / "kept" / "stts.db").exists() and time.monotonic() < give_up:
                time.sleep(0.02)
            process.terminate()
            assert process.wait(PATIENCE) == 0
    finally:
        os.umask(before)
    root = tmp_path / "kept"
    assert (root / "stts.db").exists() and root.stat().st_mode & 0o070 == (0o070 if group == "true" else 0)
    assert [path for path in [root, *root.rglob("*")] if path.stat().st_mode & mask] == []


def test_an_open_bind_without_a_key_is_refused(tmp_path: Path) -> None:
    ended = run(tmp_path, server__host="0.0.0.0")
    assert ended.returncode == 2
    assert "security.api_key" in ended.stderr and "security.allow_open" in ended.stderr


def test_a_port_in_use_is_an_error_and_not_a_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(tmp_path, server__port=str(port))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"Port {port} of 127.0.0.1 is in use" in ended.stderr and "--port" in ended.stderr
    assert ended.stdout == ""


def test_the_options_say_where_and_which(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "server_v2.py")]
    version = patient.run([*command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert version.stdout.startswith("STTS Server ")
    with subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        port = int(announcement(process)[0].rpartition(":")[2])
        wait_for(port)
        process.terminate()
