from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response, StreamingResponse

from middleware.edge.ranges import ByteRange, parse
from routers.management.content import StoredContent
from tests.middleware.edge.apps import behind_edge, client, settings

CONTENT = bytes(range(200))
TEXT = Path(__file__).read_bytes()


def app() -> FastAPI:
    app = FastAPI()

    @app.api_route("/content", methods=["GET", "POST"])
    async def content() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for start in range(0, len(CONTENT), 7):
                yield CONTENT[start : start + 7]

        headers = {"accept-ranges": "bytes", "content-length": str(len(CONTENT)), "etag": '"one"'}
        return StreamingResponse(parts(), headers=headers)

    @app.get("/unsized")
    async def unsized() -> Response:
        return Response(CONTENT)

    @app.get("/file")
    async def file() -> StoredContent:
        return StoredContent(__file__)

    return behind_edge(app, settings())


async def get(path: str = "/content", method: str = "GET", **headers: str) -> httpx.Response:
    async with client(app()) as http:
        return await http.request(
            method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-", 0, 200),
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("Bytes = 150-", 150, 200),
        ("bytes=190-999999", 190, 200),
        ("bytes=-5", 195, 200),
        ("bytes=-500", 0, 200),
    ],
)
async def test_a_part(asked: str, first: int, end: int) -> None:
    answer = await get(range=asked)
    assert (answer.status_code, answer.content) == (206, CONTENT[first:end])
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/200"
    assert answer.headers["content-length"] == str(end - first)


@pytest.mark.parametrize("asked", ["bytes=200-", "bytes=500-600", "bytes=-0"])
async def test_behind_the_end_is_an_error_that_tells_the_size(asked: str) -> None:
    answer = await get(range=asked)
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */200")
    assert answer.json()["code"] == "range_not_satisfiable"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=5-3", "bytes=a-b", "seconds=0-1", "bytes", "bytes=0-1,5-6", "bytes=--5", f"bytes={'0-1,' * 99}"],
)
async def test_what_is_no_range_or_several_gets_the_whole(asked: str) -> None:
    answer = await get(range=asked)
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_the_whole_where_the_content_is_another_by_now() -> None:
    assert (await get(range="bytes=5-", if_range='"other"')).content == CONTENT
    assert (await get(range="bytes=5-", if_range='"one"')).content == CONTENT[5:]


async def test_files_have_parts_of_their_own_and_the_same_errors() -> None:
    assert (await get("/file", range="bytes=5-9")).content == TEXT[5:10]
    assert (await get("/file", range="bytes=x")).content == TEXT
    beyond = await get("/file", range="bytes=99999-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(TEXT)}")
    assert beyond.json()["code"] == "range_not_satisfiable"
    head = await get("/file", method="HEAD", range="bytes=5-9")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(TEXT)), b"")


async def test_only_get_has_parts_and_only_of_what_says_so() -> None:
    assert (await get(method="POST", range="bytes=5-")).content == CONTENT
    assert (await get("/unsized", range="bytes=5-")).content == CONTENT
    assert (await get(method="HEAD", range="bytes=5-")).status_code == 200


def test_parts_are_bounded() -> None:
    assert parse("bytes=" + ",".join(["0-1"] * 16)) == [ByteRange(0, 1)] * 16
    assert parse("bytes=" + ",".join(["0-1"] * 17)) == []
    assert parse("bytes=" + "9" * 1_000_000 + "-") == []
