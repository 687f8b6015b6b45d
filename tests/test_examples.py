"""The Python programs of examples/, run as they are, against the real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from stts.settings import Settings
from tests import patient
from tests.audio import decoded, encoded
from tests.engines.speech import DATA, WORDS, read, share_heard
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

EXAMPLES = Path(__file__).parent.parent / "examples" / "python"
RUN_SECONDS = 60.0
TEXT = "Good morning to you, and welcome."
KEY = "sesame"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    root = str(tmp_path_factory.mktemp("data"))
    with running(Settings.model_validate({"storage": {"root": root}, "security": {"api_key": KEY}})) as server:
        yield server


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    path.write_bytes(encoded(read(DATA / "kitchen.flac")))
    return path


def called(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return ran(str(EXAMPLES / name), *map(str, arguments))


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    environment = {**os.environ, "STTS_API_KEY": KEY}
    return patient.run(
        command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False, env=environment
    )  # fmt: skip


def run(name: str, *arguments: str | Path) -> list[str]:
    done = called(name, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def socket_url(server: RunningServer) -> str:
    return server.url.replace("http", "ws")


def test_listen(server: RunningServer, recording: Path) -> None:
    *partials, final = run("listen.py", f"{socket_url(server)}/", recording)
    assert partials and all(line.startswith("... ") for line in partials)
    assert share_heard(WORDS["kitchen.flac"], final) >= 0.5, final


def test_speak(server: RunningServer, tmp_path: Path) -> None:
    *pieces, seconds = run("speak.py", server.url, tmp_path / "out.wav", *TEXT.split())
    assert " ".join(line.removeprefix("speaking: ") for line in pieces) == TEXT
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert seconds == f"{file.getnframes() / file.getframerate():.1f} s"
    samples, rate = decoded((tmp_path / "out.wav").read_bytes())
    assert seconds == f"{len(samples) / rate:.1f} s" and len(samples) > rate
    assert np.abs(samples).max() > 0.1


def test_in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES.parents[1]))
    monkeypatch.chdir(tmp_path)
    spoken, heard, refused = run("in_process.py", tmp_path, *TEXT.split())
    assert spoken.startswith("hibari/") and spoken.endswith(" s")
    assert share_heard(TEXT, heard) >= 0.5, heard
    assert refused.startswith("unknown_voice: ")
    with wave.open(str(tmp_path / "spoken.wav")) as file:
        whole = file.getnframes() / file.getframerate()
    samples, rate = decoded((tmp_path / "streamed.mp3").read_bytes())
    assert len(samples) / rate == pytest.approx(whole, abs=0.2)


def test_converse(server: RunningServer, recording: Path, tmp_path: Path) -> None:
    you, reply = run("converse.py", f"{server.url}/", recording, tmp_path / "reply.wav")
    assert share_heard(WORDS["kitchen.flac"], you) >= 0.5, you
    assert reply.removeprefix("reply: ") == you.removeprefix("you: ")
    samples, rate = decoded((tmp_path / "reply.wav").read_bytes())
    assert rate == 24_000 and len(samples) > rate and np.abs(samples).max() > 0.1


def test_live(server: RunningServer, recording: Path, tmp_path: Path) -> None:
    you, reply = run("live.py", server.url, recording, tmp_path / "reply.wav")
    assert share_heard(WORDS["kitchen.flac"], you) >= 0.5, you
    assert reply.removeprefix("reply: ") == you.removeprefix("you: ")
    samples, rate = decoded((tmp_path / "reply.wav").read_bytes())
    assert rate == 16_000 and len(samples) > 4 * rate and np.abs(samples).max() > 0.1


def test_live_says_what_it_needs(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "speech.wav").write_bytes(encoded(np.zeros(8000, np.float32), rate=8000))
    done = called("live.py", server.url, tmp_path / "speech.wav", tmp_path / "reply.wav")
    assert done.returncode == 1 and "16,000 or 24,000 Hz" in done.stderr


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_realtime(server: RunningServer, scheme: str) -> None:
    reply, seconds = run("realtime.py", server.url.replace("http", scheme), TEXT)
    assert reply == f"reply: {TEXT}"
    assert float(seconds.split()[0]) > 1


def test_audiobook(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "tales.md").write_text("# One\n\nIt was the best of times.\n\n# Two\n\nThe end.\n", encoding="utf-8")
    first, *told = run("audiobook.py", server.url, tmp_path / "tales.md", tmp_path / "tales.m4b")
    assert first.startswith("job: job-")
    assert told[-1] == "done: 4 of 4 paragraphs"
    with av.open(str(tmp_path / "tales.m4b")) as bound:
        assert [chapter["metadata"]["title"] for chapter in bound.chapters()] == ["One", "Two"]
        assert (bound.duration or 0) > 2e6


def test_an_audiobook_of_what_is_no_book_is_refused_in_words(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    done = called("audiobook.py", server.url, tmp_path / "a.pdf", tmp_path / "a.m4b")
    assert done.returncode == 1 and done.stderr.startswith("failed: ") and "PDF" in done.stderr


def test_a_reply_that_fails_is_told(tmp_path: Path) -> None:
    reply = {"adapter": "openai", "base_url": "http://127.0.0.1:9/v1"}
    with running(Settings.model_validate({"storage": {"root": str(tmp_path)}, "reply": reply})) as server:
        done = called("realtime.py", server.url, TEXT)
    assert done.returncode == 1 and done.stderr.startswith("failed: ") and "message" in done.stderr


@pytest.mark.parametrize("name", ["listen.py", "speak.py", "converse.py", "realtime.py", "live.py", "audiobook.py"])
def test_without_arguments_it_says_how_it_is_called(name: str) -> None:
    done = called(name)
    assert done.returncode == 1 and f"python {name} [ADDRESS]" in done.stderr and "Traceback" not in done.stderr


def test_the_page_about_openai(server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (EXAMPLES.parents[1] / "docs" / "openai.md").read_text(encoding="utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    done = ran("-c", code.replace("http://127.0.0.1:8000", server.url).replace('"unused"', f'"{KEY}"'))
    assert done.returncode == 0, done.stderr
    assert share_heard("Good morning.", done.stdout) >= 0.5, done.stdout


def test_every_example_is_named() -> None:
    text = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    names = {path.name for folder in ("python", "javascript") for path in (EXAMPLES.parent / folder).glob("*.*")}
    assert {name for name in names if not re.search(rf"\b{re.escape(name)}", text)} == {
        "package.json",
        "package-lock.json",
        "server.mjs",
        "server.py",
        "wav.mjs",
    }
