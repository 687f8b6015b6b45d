"""Jobs of many recordings: stored ones by their ids, new ones in a form; transcripts in every format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from stts.errors import DatabaseAway
from stts.storage.database.batches import Batches
from tests.audio import encoded, tone
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.routers.management.following import ended

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("heard"))) as keyed:
        yield keyed


@pytest.fixture
def http(keyed: Keyed) -> Iterator[httpx.Client]:
    with keyed.client(keyed.key(role="write")["key"]) as http:
        yield http


def upload(http: httpx.Client, seconds: float) -> str:
    made = http.post("/files", files={"file": ("call.wav", encoded(tone(seconds)))}, data={"kind": "uploads"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_stored_recordings_are_transcribed(http: httpx.Client) -> None:
    ids = [upload(http, 1.2), upload(http, 0.8)]
    begun = http.post("/jobs/transcription", json={"files": ids, "name": "calls", "language": "en"})
    assert begun.status_code == 202, begun.text
    job = ended(http, begun.json()["id"])
    assert (job["kind"], job["subject"], job["state"], job["items"]["done"]) == ("transcription", "calls", "done", 2)
    path = f"/jobs/{job['id']}/items/0/content"
    told = http.get(path).json()
    assert told["duration"] == pytest.approx(1.2, abs=0.05)
    assert http.get(path, params={"format": "text"}).text == told["text"]
    assert http.get(path, params={"format": "vtt"}).text.startswith("WEBVTT")
    assert "segments" in http.get(path, params={"format": "verbose_json"}).json()
    assert [http.get(f"/files/{each}").status_code for each in ids] == [200, 200]


def test_recordings_of_a_form_go_when_they_have_been_heard(http: httpx.Client, tmp_path: Path) -> None:
    files = [("file", (f"{number}.wav", encoded(tone(0.4 + number / 10)))) for number in range(4)]
    begun = http.post("/jobs/transcription", files=files, data={"language": "en"})
    assert begun.status_code == 202, begun.text
    job = ended(http, begun.json()["id"])
    assert (job["state"], job["items"]["done"]) == ("done", 4)
    names = [item["name"] for item in http.get(f"/jobs/{job['id']}/items").json()["items"]]
    assert names == ["0.wav", "1.wav", "2.wav", "3.wav"]
    assert http.get("/files", params={"kind": "uploads"}).json()["total"] == 0


def test_recordings_of_others_and_none_are_refused_by_number(keyed: Keyed, http: httpx.Client) -> None:
    mine = upload(http, 0.5)
    with keyed.client(keyed.key(role="write")["key"]) as other:
        refused = other.post("/jobs/transcription", json={"files": [upload(other, 0.5), mine]})
        assert refused.status_code == 404 and "Item 1" in refused.json()["detail"]
    assert http.post("/jobs/transcription", json={"files": []}).status_code == 422
    assert http.post("/jobs/transcription", json={"files": [mine], "engine": "nothing"}).status_code == 422


def test_what_cannot_be_kept_of_a_form_leaves_nothing(http: httpx.Client) -> None:
    files = [("file", ("0.wav", encoded(tone(0.4)))), ("file", ("1.wav", b"no audio at all"))]
    refused = http.post("/jobs/transcription", files=files)
    assert refused.status_code == 422 and "Item 1" in refused.json()["detail"]
    assert http.get("/files", params={"kind": "uploads"}).json()["total"] == 0
    assert http.get("/jobs").json() == []


def test_recordings_go_again_where_there_will_be_no_job(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(*_: object, **__: object) -> None:
        raise DatabaseAway("It went away after all were written.")

    monkeypatch.setattr(Batches, "begin", begin)
    files = [("file", (f"{number}.wav", encoded(tone(0.3 + number / 10)))) for number in range(3)]
    assert http.post("/jobs/transcription", files=files).status_code == 503
    assert http.get("/files", params={"kind": "uploads"}).json()["total"] == 0
    assert http.get("/jobs").json() == []


def test_names_with_control_characters_are_refused(http: httpx.Client) -> None:
    form = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a\0b.wav"\r\n\r\n%b\r\n--b--\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b"}
    refused = http.post("/jobs/transcription", content=form % encoded(tone(0.3)), headers=kind)
    assert refused.status_code == 422, refused.text
    upload_id = upload(http, 0.3)
    assert http.post("/jobs/transcription", json={"files": [upload_id], "name": "a\0b"}).status_code == 422
    assert http.get("/files", params={"kind": "uploads"}).json()["total"] == 1
