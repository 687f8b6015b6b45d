"""`stts jobs` against a real server: a book goes in, an audiobook with chapters comes out."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import mutagen.mp4
import pytest
from typer.testing import CliRunner, Result

from benchmarks.server import Server, running
from clients.command.exit_status import REFUSED, UNREACHED, USAGE
from clients.command.main import app
from stts.settings import Settings, StorageSettings, TTSSettings
from tests import server as server_here
from tests.fakes import registry

pytestmark = pytest.mark.socket

BOOK = "---\ntitle: Two Tales\nauthor: A. Writer\n---\n# One\n\nIt was the best of times.\n\n# Two\n\nThe end.\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running({"models": {"offline": True}, "tts": {"order": ["espeak"]}}) as server:
        yield server


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "tales.md"
    path.write_text(BOOK, encoding="utf-8")
    return path


def jobs(server: Server, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["--url", f"http://127.0.0.1:{server.port}", "jobs", *map(str, arguments)])


def told(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.output)
    return found


def test_a_book_becomes_an_audiobook_with_chapters(server: Server, book: Path, tmp_path: Path) -> None:
    target = tmp_path / "tales.m4b"
    job = told(jobs(server, "speak", book, "--captions", "-o", target, "--json"))
    assert (job["state"], job["subject"]) == ("done", "Two Tales")
    bound = mutagen.mp4.MP4(target)
    assert [chapter.title for chapter in bound.chapters] == ["One", "Two"]
    assert (bound["\xa9nam"], bound["\xa9ART"]) == (["Two Tales"], ["A. Writer"])
    for name in ("tales.srt", "tales.zip", "tales.mp3"):
        assert told(jobs(server, "fetch", str(job["id"]), tmp_path / name, "--json"))["bytes"]
    captions = (tmp_path / "tales.srt").read_text(encoding="utf-8")
    assert "It was the best of times." in captions
    assert len(zipfile.ZipFile(tmp_path / "tales.zip").namelist()) == 4
    assert (tmp_path / "tales.mp3").read_bytes()[:3] == b"ID3"


def test_a_book_that_is_still_being_bound_is_waited_for(book: Path, tmp_path: Path) -> None:
    settings = Settings(tts=TTSSettings(order=("tone",)), storage=StorageSettings(root=str(tmp_path / "root")))
    target = tmp_path / "tales.mp3"
    with server_here.running(settings, registry()) as server:
        server.services.batches.binder.wait_seconds = 0
        found = CliRunner().invoke(app, ["--url", server.url, "jobs", "speak", str(book), "-o", str(target)])
        assert found.exit_code == 0, found.output
    assert target.read_bytes()[:3] == b"ID3"


def test_texts_of_json_lines_are_followed_listed_and_removed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text('{"text": "One."}\n{"text": "Two.", "speed": 1.5}\n', encoding="utf-8")
    job = told(jobs(server, "speak", tmp_path / "texts.jsonl", "--json"))
    name = str(job["id"])
    assert told(jobs(server, "follow", name, "--json"))["state"] == "done"
    rows = [line.split() for line in jobs(server, "list").output.splitlines()]
    assert rows[0][:4] == ["JOB", "KIND", "STATE", "DONE"]
    assert [name, "speech", "done", "2", "of", "2"] in [row[:6] for row in rows]
    refused = jobs(server, "pause", name)
    assert refused.exit_code == REFUSED
    assert jobs(server, "cancel", name, "--remove").exit_code in (0, REFUSED)


def test_what_cannot_be_done_is_said_in_words(server: Server, book: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.epub").write_bytes(b"PK\x03\x04 no book")
    for arguments, words in (
        (("speak", tmp_path / "broken.epub"), "damaged"),
        (("speak", tmp_path / "missing.epub"), "cannot be read"),
        (("speak", book, "--voice", "nobody"), "has this voice"),
        (("fetch", "job-0", tmp_path / "x.zip"), "no such job"),
        (("follow", "job-0"), "no such job"),
    ):
        refused = jobs(server, *arguments)
        assert (refused.exit_code, words in refused.output) == (REFUSED, True), (arguments, refused.output)
    assert not (tmp_path / "x.zip").exists()
    ending = jobs(server, "speak", book, "-o", tmp_path / "tales.doc")
    assert (ending.exit_code, ".m4b" in ending.output) == (USAGE, True)
    assert CliRunner().invoke(app, ["--url", "http://127.0.0.1:9", "jobs", "list"]).exit_code == UNREACHED


def test_without_a_terminal_each_change_is_a_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text('{"text": "One."}\n{"text": "Two."}\n', encoding="utf-8")
    done = jobs(server, "speak", tmp_path / "texts.jsonl", "-o", tmp_path / "texts.zip")
    assert done.exit_code == 0, done.output
    lines = done.stderr.splitlines()
    assert lines and len(lines) == len(set(lines)) and all("%" in line for line in lines)
