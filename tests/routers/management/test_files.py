from __future__ import annotations

import asyncio
import io
import threading
import wave
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from middleware.edge.errors import install_error_handlers
from routers.management.content import StoredContent
from routers.management.files import INSPECTORS, MOST_WAITING, FileRoutes
from stts.access.viewer import SERVER, Viewer
from stts.errors import NotFound
from stts.settings import Settings, StorageSettings
from stts.storage.files.kinds import Kind
from stts.storage.files.records import StoredFile
from stts.storage.files.store import FileStore
from tests.patient import PATIENCE


def wav(seconds: float = 0.5) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(2 * round(seconds * 8000)))
    return file.getvalue()


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    settings = Settings(storage=StorageSettings(file_bytes=20_000, uploads_bytes=30_000, reference_seconds=0.8))
    return FileStore(tmp_path / "data", lambda: settings)


@asynccontextmanager
async def serving(files: FileStore) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_error_handlers(app)
    app.include_router(FileRoutes(files).router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        yield client


@pytest.fixture
async def client(files: FileStore) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(files) as client:
        yield client


async def post(
    client: httpx.AsyncClient, filename: str = "call.wav", data: bytes = wav(), **form: str
) -> httpx.Response:
    return await client.post("/files", files={"file": (filename, data, "image/png")}, data=form)


async def test_an_upload_is_listed_shown_and_deleted(client: httpx.AsyncClient) -> None:
    answer = await post(client)
    assert answer.status_code == 201
    shape = answer.json()
    assert shape["id"].startswith("upl_")
    assert (
        shape
        | {
            "kind": "uploads",
            "name": "call.wav",
            "media_type": "audio/wav",
            "size": 8044,
            "duration": 0.5,
        }
        == shape
    )
    assert (await client.get(f"/files/{shape['id']}")).json() == shape
    assert (await client.get("/files")).json() == {"files": [shape], "total": 1}
    assert (await client.get("/files?kind=outputs")).json() == {"files": [], "total": 0}
    assert (await client.delete(f"/files/{shape['id']}")).json() == shape
    assert (await client.get(f"/files/{shape['id']}")).status_code == 404


async def test_a_reference_is_a_voice(client: httpx.AsyncClient, files: FileStore) -> None:
    answer = await post(client, "anna.ogg", kind="references")
    assert (answer.json()["kind"], answer.json()["name"]) == ("references", "anna.wav")
    assert files.references.voice("anna") is not None
    assert (await post(client, "anna.wav", kind="references")).status_code == 409
    assert (await post(client, "x.wav", kind="references", name="bob")).json()["name"] == "bob.wav"


async def test_the_content_whole_and_in_parts(client: httpx.AsyncClient) -> None:
    data = wav()
    id = (await post(client, 'a "b" é.wav', data, name="né'.exe")).json()["id"]
    whole = await client.get(f"/files/{id}/content")
    assert whole.content == data
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"] == (
        f"attachment; filename=\"{id}.wav\"; filename*=utf-8''n%C3%A9%27.exe.wav"
    )
    part = await client.get(f"/files/{id}/content", headers={"range": "bytes=4-9", "if-range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, data[4:10])
    assert part.headers["content-range"] == f"bytes 4-9/{len(data)}"
    beyond = await client.get(f"/files/{id}/content", headers={"range": "bytes=99999-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"", "uploads", 422, "undecodable_audio"),
        (b"hunter2" * 1000, "uploads", 422, "undecodable_audio"),
        (wav()[:30], "references", 422, "undecodable_audio"),
        (wav(2.0), "uploads", 413, "payload_too_large"),
        (wav(1.0), "references", 413, "audio_too_long"),
        (wav(), "outputs", 422, "invalid_request"),
        (wav(), "hunter2", 422, "invalid_request"),
    ],
)
async def test_uploads_that_are_refused(
    client: httpx.AsyncClient, data: bytes, kind: str, status: int, code: str
) -> None:
    answer = await post(client, data=data, kind=kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "hunter2" not in answer.text
    assert (await client.get("/files")).json()["total"] == 0


@pytest.mark.parametrize("name", ["../hunter2.wav", "/etc/hunter2", "..\\hunter2", ".hunter2", "hunter2" * 100])
@pytest.mark.parametrize("kind", ["uploads", "references"])
async def test_names_that_are_refused(client: httpx.AsyncClient, name: str, kind: str) -> None:
    answer = await post(client, name, kind=kind)
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("filename", "name", "disposition"),
    [
        ("Dr. Smith", "Dr. Smith.wav", 'attachment; filename="Dr. Smith.wav"'),
        ("Anna\u2019s \u201cbest\u201d \u2014 1.5.flac", "Anna\u2019s \u201cbest\u201d \u2014 1.5.wav", None),
        ('Robert "Bob" 100%.wav', 'Robert "Bob" 100%.wav', None),
        ("\U0001f469\u200d\U0001f680.wav", "\U0001f469\u200d\U0001f680.wav", None),
    ],
)
async def test_a_name_stays_what_it_is(
    client: httpx.AsyncClient, files: FileStore, filename: str, name: str, disposition: str | None
) -> None:
    """httpx escapes quotes in a form's file name as browsers do."""
    shape = (await post(client, filename, kind="references")).json()
    assert shape["name"] == name
    assert (
        files.references.voice(filename)
        == files.references.voice(name)
        == files.references.voice(shape["id"])
        is not None
    )
    told = (await client.get(f"/files/{shape['id']}/content")).headers["content-disposition"]
    encoded = quote(name, safe="")
    assert told == (disposition or f"attachment; filename=\"{shape['id']}.wav\"; filename*=utf-8''{encoded}")


async def test_a_file_deleted_while_it_is_asked_for(tmp_path: Path) -> None:
    class Forgetful(FileStore):
        def get(self, id: str, viewer: Viewer = SERVER) -> StoredFile:
            stored = super().get(id, viewer)
            stored.path.unlink()
            return stored

    files = Forgetful(tmp_path / "data", Settings)
    async with serving(files) as client:
        for headers in ({}, {"range": "bytes=0-9"}):
            id = (await post(client)).json()["id"]
            answer = await client.get(f"/files/{id}/content", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("headers", [[], [(b"range", b"bytes=0-9")], [(b"range", b"bytes=0-1,8-9")]])
async def test_a_file_deleted_after_it_was_looked_at(tmp_path: Path, headers: list[tuple[bytes, bytes]]) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(wav())
    content = StoredContent(path, stat_result=path.stat())
    path.unlink()
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(NotFound):
        await content({"type": "http", "method": "GET", "headers": headers}, receive, send)
    assert sent == []


class Slow(FileStore):
    """Looks at nothing until it may."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, Settings)
        self.may = threading.Event()

    def save(self, kind: Kind, name: str | None, file: BinaryIO, **more: Any) -> StoredFile:
        self.may.wait(PATIENCE)
        return super().save(kind, name, file, **more)


async def test_uploads_neither_pile_up_nor_stop_everything_else(tmp_path: Path) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    files = Slow(tmp_path / "data")
    async with serving(files) as client:
        uploads = [asyncio.ensure_future(post(client)) for _ in range(INSPECTORS + MOST_WAITING + 3)]
        done, _ = await asyncio.wait(uploads, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
        assert all(upload.result().status_code == 503 for upload in done)
        usage = await asyncio.wait_for(client.get("/files/usage"), PATIENCE)
        assert usage.status_code == 200
        files.may.set()
        answers = await asyncio.gather(*uploads)
    assert sorted(answer.status_code for answer in answers) == [201] * (INSPECTORS + MOST_WAITING) + [503] * 3
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert busy.json()["code"] == "busy"
    assert int(busy.headers["retry-after"]) > 0


async def test_a_form_without_a_file(client: httpx.AsyncClient) -> None:
    answer = await client.post("/files", data={"kind": "uploads"})
    assert answer.status_code == 422


async def test_a_full_quota(client: httpx.AsyncClient) -> None:
    assert [(await post(client)).status_code for _ in range(4)] == [201, 201, 201, 507]


@pytest.mark.parametrize("id", ["upl_x", "upl_" + "a" * 22, "..%2f..%2fetc%2fpasswd", "%00", "x" * 60, "ref_%2e%2e"])
@pytest.mark.parametrize("path", ["/files/{}", "/files/{}/content"])
async def test_ids_that_find_nothing(client: httpx.AsyncClient, id: str, path: str) -> None:
    assert (await client.get(path.format(id))).status_code == 404


@pytest.mark.parametrize("query", ["kind=hunter2", "limit=0", "limit=1001", "offset=-1", "limit=x"])
async def test_bad_queries(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/files?{query}")
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


async def test_usage(client: httpx.AsyncClient) -> None:
    await post(client)
    usage = (await client.get("/files/usage")).json()
    assert usage["bytes"] == 8044
    assert usage["kinds"]["uploads"] == {"files": 1, "bytes": 8044, "quota": 30_000}
    assert set(usage["kinds"]) == {"uploads", "references", "outputs", "consents"}


async def test_cleaning_up(client: httpx.AsyncClient, files: FileStore) -> None:
    for _ in range(2):
        files.save("outputs", "speech.wav", io.BytesIO(wav()))
    kept = await client.post("/files/cleanup")
    assert kept.json() == {"files": 0, "bytes": 0, "dry_run": False}
    counted = await client.post("/files/cleanup", json={"max_age_hours": 0, "dry_run": True})
    assert counted.json() == {"files": 2, "bytes": 16_088, "dry_run": True}
    assert (await client.get("/files/usage")).json()["kinds"]["outputs"]["files"] == 2
    older = {"cleanup_temporary": True, "cleanup_old_outputs": False, "max_age_hours": 0}
    assert (await client.post("/files/cleanup", json=older)).json()["files"] == 0
    assert (await client.post("/files/cleanup", json=older | {"cleanup_old_outputs": True})).json()["files"] == 2
    assert (await client.get("/files/usage")).json()["kinds"]["outputs"]["files"] == 0


@pytest.mark.parametrize("body", [{"kinds": ["references"]}, {"max_age_hours": -1}, {"kinds": ["uploads"]}, {"x": 1}])
async def test_clean_ups_that_are_refused(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert (await client.post("/files/cleanup", json=body)).status_code == 422


async def test_who_consented_is_told_and_may_be_required(client: httpx.AsyncClient, files: FileStore) -> None:
    answer = await post(client, "anna.wav", kind="references", consent=" Anna Müller, 2026-11-29 ")
    assert answer.status_code == 201 and answer.json()["consent"] == "Anna Müller, 2026-11-29"
    assert (await client.get("/files")).json()["files"][0]["consent"] == "Anna Müller, 2026-11-29"
    assert (await post(client, "bert.wav", kind="references", consent="x" * 501)).status_code == 422
    assert (await post(client, "bert.wav", kind="references")).json()["consent"] is None


async def test_a_reference_without_consent_is_refused_where_that_is_wanted(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(require_consent=True))
    async with serving(FileStore(tmp_path, lambda: settings)) as client:
        refused = await post(client, "anna.wav", kind="references", consent="  ")
        assert (refused.status_code, refused.json()["param"]) == (422, "consent")
        assert (await post(client, "anna.wav", kind="references", consent="Anna")).status_code == 201
        assert (await post(client, "call.wav")).status_code == 201
