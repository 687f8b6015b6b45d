"""The Python programs of examples/, run as they are, against the real server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stts.settings import Settings
from tests.audio import decoded, encoded
from tests.engines.speech import DATA, WORDS, read, share_heard
from tests.server import RunningServer, running

EXAMPLES = Path(__file__).parent.parent / "examples" / "python"
RUN_SECONDS = 60.0
TEXT = "Good morning to you, and welcome."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = Settings.model_validate({"storage": {"root": str(tmp_path_factory.mktemp("data"))}})
    with running(settings) as server:
        yield server


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    path.write_bytes(encoded(read(DATA / "kitchen.flac")))
    return path


def run(name: str, *arguments: str | Path) -> list[str]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def socket_url(server: RunningServer) -> str:
    return server.url.replace("http", "ws")


def test_listen(server: RunningServer, recording: Path) -> None:
    *partials, final = run("listen.py", socket_url(server), recording)
    assert partials and all(line.startswith("... ") for line in partials)
    assert share_heard(WORDS["kitchen.flac"], final) >= 0.5, final


def test_speak(server: RunningServer, tmp_path: Path) -> None:
    *pieces, seconds = run("speak.py", socket_url(server), tmp_path / "out.wav", *TEXT.split())
    assert " ".join(line.removeprefix("speaking: ") for line in pieces) == TEXT
    samples, rate = decoded((tmp_path / "out.wav").read_bytes())
    assert seconds == f"{len(samples) / rate:.1f} s" and len(samples) > rate
    assert np.abs(samples).max() > 0.1


def test_converse(server: RunningServer, recording: Path, tmp_path: Path) -> None:
    you, reply = run("converse.py", socket_url(server), recording, tmp_path / "reply.wav")
    assert share_heard(WORDS["kitchen.flac"], you) >= 0.5, you
    assert reply.removeprefix("reply: ") == you.removeprefix("you: ")
    samples, rate = decoded((tmp_path / "reply.wav").read_bytes())
    assert rate == 24_000 and len(samples) > rate and np.abs(samples).max() > 0.1


def test_realtime(server: RunningServer) -> None:
    reply, seconds = run("realtime.py", server.url, TEXT)
    assert reply == f"reply: {TEXT}"
    assert float(seconds.split()[0]) > 1


def test_every_example_is_named() -> None:
    text = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    names = {path.name for folder in ("python", "javascript") for path in (EXAMPLES.parent / folder).glob("*.*")}
    assert {name for name in names if name not in text} == {"package.json", "package-lock.json", "wav.mjs"}
