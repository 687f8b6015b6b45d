"""Forms on the real application: what is too much of anything is a clear answer, not memory or open files."""

from __future__ import annotations

import tempfile
from typing import Any

import httpx
import pytest

from routers.http.forms import FIELD_BYTES, MOST_FIELDS, MOST_FILES
from tests.audio import speech

DOORS = pytest.mark.parametrize("path", ["/stt", "/files", "/v1/audio/transcriptions", "/v1/audio/translations"])
SessionServices = list[tuple[str, Any]]


def file(name: str = "file", data: bytes = b"x") -> tuple[str, Any]:
    return name, ("speech.wav", data)


def field(name: str, value: str) -> tuple[str, Any]:
    return name, (None, value)


@DOORS
@pytest.mark.parametrize(
    ("parts", "bound"),
    [
        ([file() for _ in range(MOST_FILES + 1)], MOST_FILES),
        ([file(), *(field(f"f{number}", "x") for number in range(MOST_FIELDS + 1))], MOST_FIELDS),
        ([file(), field("prompt", "x" * (FIELD_BYTES + 1))], FIELD_BYTES),
        ([field("file", "x" * 1_000_000) for _ in range(20)], FIELD_BYTES),
    ],
)
async def test_too_much_is_refused(client: httpx.AsyncClient, path: str, parts: SessionServices, bound: int) -> None:
    answer = await client.post(path, files=parts)
    assert answer.status_code == (400 if path.startswith("/v1/") else 422)
    assert str(bound) in answer.text
    assert "xxx" not in answer.text


async def test_not_even_the_parts_that_came_before_are_kept(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is opened for each part: no more of them than a form may have."""
    opened: list[Any] = []
    make = tempfile.SpooledTemporaryFile

    def counted(*arguments: Any, **options: Any) -> Any:
        opened.append(make(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", counted)
    await client.post("/stt", files=[file(data=b"x" * 2_000_000) for _ in range(20)])
    assert len(opened) == MOST_FILES
    assert all(each.closed for each in opened)


@DOORS
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"no form"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=file"),
        ("multipart/form-data; boundary=x", b"--x\r\nX: " + b"x" * 100_000),
        ("application/x-www-form-urlencoded", b"prompt=" + b"x" * 100_000),
        ("application/x-www-form-urlencoded", b"a=b&" * 1000),
        ("application/x-www-form-urlencoded", b"%&;==&\xff"),
    ],
)
async def test_what_is_no_form_is_refused(client: httpx.AsyncClient, path: str, kind: str, body: bytes) -> None:
    answer = await client.post(path, content=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 422)
    assert "invalid_request" in answer.text


async def test_as_much_as_is_allowed_is_read(client: httpx.AsyncClient) -> None:
    keywords = [field("keywords[]", f"word{number}") for number in range(100)]
    languages = [field("languages[]", "en") for _ in range(100)]
    prompt = "語" * 4000
    parts = [file(data=speech()), field("model", "auto"), field("prompt", prompt), *keywords, *languages]
    answer = await client.post("/v1/audio/transcriptions", files=parts)
    assert answer.status_code == 200, answer.text
    answer = await client.post("/stt", files=[file(data=speech()), field("prompt", prompt)])
    assert answer.status_code == 200, answer.text


async def test_a_long_form_without_a_file_stays_out_of_memory(client: httpx.AsyncClient) -> None:
    """The JSON limit holds wherever a body is no upload."""
    for path, kind in (
        ("/files/cleanup", "text/plain"),
        ("/files/cleanup", "multipart/form-data; boundary=x"),
        ("/stt", "application/x-www-form-urlencoded"),
    ):
        answer = await client.post(path, content=b"x" * 2_000_001, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
