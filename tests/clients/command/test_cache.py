"""`stts cache` against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Server, running
from clients.command.exit_status import REFUSED
from clients.command.main import app

pytestmark = pytest.mark.socket

SETTINGS = {"models": {"offline": True}, "tts": {"order": ["espeak"]}, "cache": {"sentences": False}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(SETTINGS) as server:
        yield server


def cache(server: Server, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["--url", f"http://127.0.0.1:{server.port}", "cache", *map(str, arguments)])


def told(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.output)
    return found


def test_a_file_of_texts_is_spoken_ahead_and_cleared(server: Server, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.write_text("Doors are closing.\n\nMind the gap.\nDoors are closing.\n", encoding="utf-8")
    assert told(cache(server, "warm", texts, "--json")) == {"hit": 1, "miss": 2, "join": 0}
    assert "0 spoken, 3 were there already." in cache(server, "warm", texts).output
    shown = cache(server, "stats").output
    assert "memory" in shown and "disk" in shown
    assert told(cache(server, "clear", "--engine", "piper", "--json")) == {"removed": 0}
    unknown = cache(server, "clear", "--engine", "nobody")
    assert unknown.exit_code == REFUSED and "espeak" in unknown.output
    assert "2 removed." in cache(server, "clear", "--engine", "espeak").output


def test_where_nothing_is_kept_it_says_so(tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.write_text("Mind the gap.\n", encoding="utf-8")
    with running({**SETTINGS, "cache": {"enabled": False}}) as server:
        refused = cache(server, "warm", texts)
    assert refused.exit_code == REFUSED and "keeps nothing" in refused.output


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe\x80\n", "is not UTF-8"), (b"", "is empty"), (b" \n\n", "is empty"), (None, "cannot be read")],
)
def test_a_file_without_texts_is_told_in_a_line(tmp_path: Path, content: bytes | None, said: str) -> None:
    texts = tmp_path / "texts"
    if content is not None:
        texts.write_bytes(content)
    refused = CliRunner().invoke(app, ["--url", "http://127.0.0.1:9", "cache", "warm", str(texts)])
    assert (refused.exit_code, said in refused.output, refused.output.count("\n")) == (REFUSED, True, 1)


def test_texts_come_from_the_standard_input(server: Server) -> None:
    arguments = ["--url", f"http://127.0.0.1:{server.port}", "cache", "warm", "-"]
    assert "1 spoken, 0 were there" in CliRunner().invoke(app, arguments, input="Stand clear.\n").output
    assert "0 spoken, 1 was there" in CliRunner().invoke(app, arguments, input="Stand clear.\n").output
