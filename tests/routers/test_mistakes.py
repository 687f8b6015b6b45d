"""Mistakes that people make with bodies: each answer says the cause and the mend, in the shape of its dialect."""

from __future__ import annotations

import gc
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from routers.app import create_app
from stts.settings import Settings, STTSettings
from tests.audio import speech
from tests.fakes import registry

UPLOADS = ("/stt", "/files", "/v1/audio/transcriptions", "/v1/audio/translations", "/v1/audio/speech/timestamps")
AUDIO_IN_JSON = ("/v1/audio/transcriptions", "/v1/audio/translations")


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """One application for all that is refused before anything is done."""
    return create_app(Settings(stt=STTSettings(order=("echo",))), registry=registry())


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def taking(app: FastAPI, kind: str) -> list[tuple[str, str]]:
    """Method and path of every operation whose body may be of this kind."""
    return [
        (method.upper(), path.replace("{name}", "espeak").replace("{file_id}", "x"))
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if kind in operation.get("requestBody", {}).get("content", {})
    ]


def told(answer: httpx.Response, path: str) -> tuple[str, str | None]:
    """Message and field of an error, whose shape is checked on the way."""
    body = answer.json()
    assert answer.headers["x-request-id"]
    if path.startswith("/v1/"):
        assert answer.status_code == 400
        assert body["error"]["type"] == "invalid_request_error"
        return body["error"]["message"], body["error"]["param"]
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["request_id"] == answer.headers["x-request-id"]
    return body["detail"], body.get("param")


def part(disposition: str, data: bytes, boundary: str = "x") -> bytes:
    return b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (
        boundary.encode(),
        disposition.encode(),
        data,
    )


RAW_FORM = "multipart/form-data; boundary=x"
FILE = 'name="file"; filename="a.flac"'

FORMS: dict[str, tuple[str, bytes, str, str]] = {
    "no boundary": ("multipart/form-data", part(FILE, b"x") + b"--x--\r\n", "body", "has no boundary"),
    "another boundary": ("multipart/form-data; boundary=y", part(FILE, b"x") + b"--x--\r\n", "body", "boundary"),
    "short text": (RAW_FORM, part('name="file"', b"secret") + b"--x--\r\n", "file", "`file` came as text"),
    "long text": (RAW_FORM, part('name="file"', b"secret" * 5000) + b"--x--\r\n", "body", "must come as `file`"),
    "only filename*": (
        RAW_FORM,
        part("name=\"file\"; filename*=UTF-8''secret.wav", b"x") + b"--x--\r\n",
        "file",
        "`filename*` alone does not count",
    ),
    "no name": (RAW_FORM, part('filename="secret.wav"', b"x") + b"--x--\r\n", "body", "has no name"),
    "another name": (RAW_FORM, part('name="data"; filename="a"', b"x") + b"--x--\r\n", "file", "came as `data`"),
    "a made-up name": (
        RAW_FORM,
        part('name="my secret"; filename="a"', b"x") + b"--x--\r\n",
        "file",
        "came as another name",
    ),
    "two files": (RAW_FORM, part(FILE, b"x") + part(FILE, b"y") + b"--x--\r\n", "file", "Two files"),
    "three files": (RAW_FORM, part(FILE, b"x") * 3 + b"--x--\r\n", "body", "more files than a request takes"),
    "no part": (RAW_FORM, b"--x--\r\n", "file", "has no file"),
    "nothing chosen": (RAW_FORM, part('name="file"; filename=""', b"") + b"--x--\r\n", "file", "has no file"),
    "many fields": (RAW_FORM, part('name="a"', b"secret") * 300 + b"--x--\r\n", "body", "more than 256 fields"),
    "urlencoded": ("application/x-www-form-urlencoded", b"file=secret&model=auto", "file", "as text"),
    "raw audio": ("audio/wav", b"RIFFsecret", "file", "The request has no form"),
    "raw octets": ("application/octet-stream", b"secret", "file", "The request has no form"),
    "json": ("application/json", b'{"file": "secret"}', "file", "must come as `file`"),
    "no type": ("", b"secret", "file", "The request has no form"),
}


@pytest.mark.parametrize("mistake", FORMS)
async def test_a_wrong_form_is_told_by_its_cause(server: httpx.AsyncClient, mistake: str) -> None:
    for path in UPLOADS:
        kind, body, param, words = FORMS[mistake]
        answer = await server.post(path, content=body, headers={"Content-Type": kind} if kind else {})
        message, field = told(answer, path)
        if mistake == "json" and path in AUDIO_IN_JSON:
            words, param = "input_audio", "input_audio"
        assert words in message
        assert field == param
        assert "secret" not in answer.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_form_that_ends_within_its_file_is_told_so(server: httpx.AsyncClient) -> None:
    """The framework leaves its temporary file to the collector of garbage, which warns."""
    for path in UPLOADS:
        answer = await server.post(path, content=part(FILE, b"x" * 500)[:-200], headers={"Content-Type": RAW_FORM})
        assert "or ends within it" in told(answer, path)[0]
    gc.collect()


@pytest.mark.parametrize("path", UPLOADS)
async def test_a_request_without_a_body_is_told_what_is_missing(server: httpx.AsyncClient, path: str) -> None:
    message, field = told(await server.post(path), path)
    assert "must come as `file`" in message
    assert field == "file"


@pytest.mark.parametrize("path", UPLOADS)
@pytest.mark.parametrize(
    "kind", ['Multipart/Form-Data; Boundary="x"', "multipart/form-data; charset=utf-8; boundary=x"], ids=["case", "set"]
)
async def test_a_form_may_be_written_otherwise(client: httpx.AsyncClient, path: str, kind: str) -> None:
    model = part('name="model"', b"auto") if path.startswith("/v1/") else b""
    body = part(FILE, speech()) + model + b"--x--\r\ngarbage behind the end"
    answer = await client.post(path, content=body, headers={"Content-Type": kind})
    assert answer.status_code in (200, 201), answer.text


async def test_a_raw_body_that_is_too_long_is_told_to_come_in_a_form(client: httpx.AsyncClient) -> None:
    answer = await client.post("/stt", content=b"x" * 2_000_001, headers={"Content-Type": "audio/wav"})
    assert answer.status_code == 413
    assert "multipart/form-data" in answer.json()["detail"]


async def test_a_text_beside_a_file_that_nobody_chose_is_a_text(client: httpx.AsyncClient) -> None:
    body = part('name="file"; filename=""', b"") + part('name="text"', b"Hello") + part('name="stream"', b"false")
    answer = await client.post("/conversation", content=body + b"--x--\r\n", headers={"Content-Type": RAW_FORM})
    assert answer.status_code == 200, answer.text
    assert answer.json()["transcript"] == "Hello"


@pytest.mark.parametrize("mistake", ["short text", "another name", "two files"])
async def test_a_conversation_tells_the_same(server: httpx.AsyncClient, mistake: str) -> None:
    kind, body, param, words = FORMS[mistake]
    message, field = told(await server.post("/conversation", content=body, headers={"Content-Type": kind}), "")
    assert words in message
    assert field == param


@pytest.fixture(scope="module")
def json_only(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every operation whose body is JSON and nothing else."""
    forms = taking(app, "multipart/form-data")
    return [each for each in taking(app, "application/json") if each not in forms]


KINDS: dict[str, tuple[str | None, bytes, str]] = {
    "no type": (None, b'{"secret": 1}', "Content-Type: application/json; it came without a Content-Type"),
    "curl -d": ("application/x-www-form-urlencoded", b'{"secret": 1}', "as curl -d sends it"),
    "a form": (
        RAW_FORM,
        part('name="secret"', b"1") + b"--x--\r\n",
        "Content-Type: application/json; it came as a form",
    ),
    "text": ("text/plain", b'{"secret": 1}', "it came as text/plain"),
    "something": ("secret/kind", b'{"secret": 1}', "it came as something else"),
    "a list": ("application/json", b'["secret"]', "must be a JSON object"),
    "a string": ("application/json; charset=utf-8", b'"{\\"secret\\": 1}"', "must be a JSON object"),
    "half": ("application/json", b'{"secret": ', "This is not JSON: see character"),
    "garbage behind": ("application/json", b'{"a": 1} secret', "This is not JSON: see character 10"),
    "quotes": ("application/json", b"{'secret': 1}", "This is not JSON: see character 2"),
    "latin-1": ("application/json", b'{"secret": "\xfc"}', "The JSON is not UTF-8"),
    "deep": ("application/json", b"[" * 200_000, "nested too deeply"),
}


TAKEN = {"/jobs/speech": ("a form", "text")}
"""No mistakes there: a book comes as text, and lines of JSON in a form."""


def test_the_document_has_such_doors(app: FastAPI, json_only: list[tuple[str, str]]) -> None:
    assert {("POST", "/tts"), ("POST", "/v1/audio/speech")} <= {*json_only}
    assert {path for _, path in taking(app, "multipart/form-data")} >= {*UPLOADS}


@pytest.mark.parametrize("mistake", KINDS)
async def test_a_wrong_json_body_is_told_by_its_cause(
    server: httpx.AsyncClient, json_only: list[tuple[str, str]], mistake: str
) -> None:
    kind, body, words = KINDS[mistake]
    headers = {"Content-Type": kind} if kind else {}
    for method, path in json_only:
        if mistake in TAKEN.get(path, ()):
            continue
        answer = await server.request(method, path, content=body, headers=headers)
        message, field = told(answer, path)
        assert words in message
        assert field in ("body", None)
        assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/tts", "/v1/audio/speech", "/stt", "/v1/audio/transcriptions"])
@pytest.mark.parametrize("kind", ["application/json", RAW_FORM])
async def test_a_compressed_body_is_told_to_come_as_it_is(server: httpx.AsyncClient, path: str, kind: str) -> None:
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    answer = await server.post(path, content=gzip.compress(b'{"text": "hi"}'), headers=headers)
    message, _ = told(answer, path)
    fits = (kind == RAW_FORM) == (path in UPLOADS) or path in AUDIO_IN_JSON
    assert not fits or "compressed" in message


@pytest.mark.parametrize("path", ["/tts", "/v1/audio/speech"])
async def test_json_may_be_written_otherwise(client: httpx.AsyncClient, path: str) -> None:
    fields: dict[str, Any] = {"/tts": '{"text": "hi"}', "/v1/audio/speech": '{"model": "tts-1", "input": "hi"}'}
    for kind, body in (
        ("application/json; charset=UTF-8", fields[path].encode()),
        ("Application/JSON", fields[path].encode("utf-8-sig")),
        ("application/vnd.api+json", fields[path].encode("utf-16")),
    ):
        answer = await client.post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 200, answer.text
