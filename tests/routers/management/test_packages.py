"""A book becomes a job, and its results a ZIP file, one audiobook and captions."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from stts.settings import Settings, StorageSettings, TTSSettings
from tests import patient
from tests.engines.speech import DATA
from tests.fakes import registry
from tests.routers.management.following import ended
from tests.server import running

pytestmark = pytest.mark.socket

RECORDING = DATA / "weather.flac"
BOOK = """# A small book

It begins here. This is the first paragraph.

## The second chapter

There is more to tell.

The end.
"""


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root = str(tmp_path_factory.mktemp("packages"))
    settings = Settings(tts=TTSSettings(order=("tone",)), storage=StorageSettings(root=root))
    with running(settings, registry()) as server, patient.Client(base_url=server.url) as http:
        yield http


@pytest.fixture(scope="module")
def book(http: httpx.Client) -> dict[str, Any]:
    """A book that was spoken, with its texts kept."""
    begun = http.post(
        "/jobs/speech",
        params={"format": "mp3", "captions": "true"},
        content=BOOK.encode(),
        headers={"content-type": "text/markdown"},
    )
    assert begun.status_code == 202, begun.text
    job = ended(http, begun.json()["id"])
    assert job["state"] == "done", job
    return job


def test_paragraphs_are_items_of_their_chapters(http: httpx.Client, book: dict[str, Any]) -> None:
    items = http.get(f"/jobs/{book['id']}/items").json()["items"]
    chapters = [item["chapter"] for item in items]
    assert items[-1]["chapter_title"] == "The second chapter"
    assert chapters == sorted(chapters) and len(set(chapters)) == 2 and len(items) >= 5


def test_results_come_as_a_zip_file(http: httpx.Client, book: dict[str, Any]) -> None:
    answer = http.get(f"/jobs/{book['id']}/archive")
    assert answer.headers["content-type"] == "application/zip"
    items = http.get(f"/jobs/{book['id']}/items").json()["items"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        assert [entry.file_size for entry in packed.infolist()] == [item["bytes"] for item in items]


@pytest.mark.parametrize(("format", "container"), [("m4b", "mp4"), ("mp3", "mp3")])
def test_all_of_it_is_one_recording_with_chapters(
    http: httpx.Client, book: dict[str, Any], format: str, container: str
) -> None:
    answer = http.get(f"/jobs/{book['id']}/book?format={format}")
    assert answer.status_code == 200, answer.text
    with av.open(io.BytesIO(answer.content), "r") as opened:
        assert container in opened.format.name
        assert len(opened.chapters()) == 2
        assert opened.duration is not None and opened.duration / 1e6 > book["audio_seconds"]
    part = http.get(f"/jobs/{book['id']}/book?format={format}", headers={"range": "bytes=0-99"})
    assert (part.status_code, part.content) == (206, answer.content[:100])


@pytest.mark.parametrize("format", ["srt", "vtt"])
def test_captions_stand_beside_it(http: httpx.Client, book: dict[str, Any], format: str) -> None:
    told = http.get(f"/jobs/{book['id']}/captions?format={format}").text
    assert "There is more to tell." in told and "-->" in told


@pytest.mark.parametrize(("format", "ending"), [("srt", ".srt"), ("text", ".txt"), ("json", ".json")])
def test_transcripts_are_packed_in_the_format_that_is_asked_for(http: httpx.Client, format: str, ending: str) -> None:
    files = [("file", (f"{name}.flac", RECORDING.read_bytes())) for name in ("monday", "tuesday")]
    begun = http.post("/jobs/transcription", files=files, data={"engine": "echo"})
    job = ended(http, begun.json()["id"])
    assert job["captions"] is None and job["items"]["done"] == 2, job
    answer = http.get(f"/jobs/{job['id']}/archive?format={format}")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == [f"000000 monday.flac{ending}", f"000001 tuesday.flac{ending}"]
        packed_text = packed.read(packed.namelist()[1])
    assert packed_text == http.get(f"/jobs/{job['id']}/items/1/content?format={format}").content != b""


def test_what_is_not_there_is_refused_in_words(http: httpx.Client) -> None:
    job = ended(http, http.post("/jobs/speech", json={"items": ["Hello."]}).json()["id"])
    assert job["captions"] is False
    refused = http.get(f"/jobs/{job['id']}/captions")
    assert refused.status_code == 409 and "captions" in refused.json()["detail"]
    assert http.get(f"/jobs/{job['id']}/book?format=mp3").status_code == 200
    assert http.get("/jobs/job-none/archive").status_code == 404


def test_a_book_comes_in_a_form_too_and_only_what_is_new_of_it_is_spoken(
    http: httpx.Client, book: dict[str, Any]
) -> None:
    edited = BOOK.replace("The end.", "The end, at last.")
    begun = http.post("/jobs/speech", files={"file": ("small.md", edited.encode())}, data={"format": "mp3"})
    assert begun.status_code == 202, begun.text
    job = ended(http, begun.json()["id"])
    assert job["subject"] == "A small book" and job["items"]["done"] == book["items"]["done"]


@pytest.mark.parametrize(
    ("content", "kind"), [(b"PK\x03\x04 no book", "application/epub+zip"), (b"%PDF-1.7", "text/plain")]
)
def test_a_file_that_is_no_book_is_refused(http: httpx.Client, content: bytes, kind: str) -> None:
    refused = http.post("/jobs/speech", content=content, headers={"content-type": kind})
    assert (refused.status_code, refused.json()["code"]) == (422, "unreadable_book"), refused.text


def test_lines_come_in_a_form_too(http: httpx.Client, tmp_path: Path) -> None:
    lines = b'{"text": "One."}\n{"text": "Two.", "voice": "high"}\n'
    begun = http.post("/jobs/speech", files={"file": ("texts.jsonl", lines)}, data={"name": "lines"})
    assert begun.status_code == 202, begun.text
    assert ended(http, begun.json()["id"])["items"]["done"] == 2


@pytest.mark.parametrize("channels", [1, 2])
def test_results_without_a_header_are_bound(http: httpx.Client, channels: int) -> None:
    fields = {"format": "pcm", "channels": channels, "sample_rate": 16_000}
    begun = http.post("/jobs/speech", json={**fields, "items": ["It begins here.", "It ends."]})
    job = ended(http, begun.json()["id"])
    assert job["state"] == "done", job
    answer = http.get(f"/jobs/{job['id']}/book")
    assert answer.status_code == 200, answer.text
    with av.open(io.BytesIO(answer.content), "r") as opened:
        assert opened.duration is not None
        assert opened.duration / 1e6 == pytest.approx(job["audio_seconds"], abs=0.15)


def test_how_far_a_book_is_bound_is_no_refusal_for_who_asks_for_that(tmp_path: Path) -> None:
    settings = Settings(tts=TTSSettings(order=("tone",)), storage=StorageSettings(root=str(tmp_path)))
    with running(settings, registry()) as server, patient.Client(base_url=server.url) as http:
        job = ended(http, http.post("/jobs/speech", json={"items": ["Hello."]}).json()["id"])
        query = {"progress": "true", "wait_seconds": "0"}
        first = http.get(f"/jobs/{job['id']}/book", params=query)
        assert first.status_code == 202
        assert 0 <= first.json()["part"] <= 1
        deadline = time.monotonic() + patient.PATIENCE
        while (answer := http.get(f"/jobs/{job['id']}/book", params=query)).status_code != 200:
            assert answer.status_code == 202 and time.monotonic() < deadline
            time.sleep(0.01)
        assert answer.headers["content-type"] == "audio/mp4"


def test_a_book_that_takes_long_is_asked_for_again(tmp_path: Path) -> None:
    settings = Settings(tts=TTSSettings(order=("tone",)), storage=StorageSettings(root=str(tmp_path)))
    with running(settings, registry()) as server, patient.Client(base_url=server.url) as http:
        server.services.batches.binder.wait_seconds = 0
        job = ended(http, http.post("/jobs/speech", json={"items": ["Hello."]}).json()["id"])
        refused = http.get(f"/jobs/{job['id']}/book")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_complete_yet")
        assert int(refused.headers["retry-after"]) >= 1
        assert 0 <= refused.json()["part"] <= 1
        assert http.get(f"/jobs/{job['id']}/book?wait_seconds=11").status_code == 422
        deadline = time.monotonic() + patient.PATIENCE
        while (answer := http.get(f"/jobs/{job['id']}/book")).status_code != 200:
            assert answer.json()["code"] == "not_complete_yet" and time.monotonic() < deadline
            time.sleep(0.01)
        assert answer.headers["content-type"] == "audio/mp4"
