"""Cached answers over HTTP: headers, conditions, ranges, and what a request may say about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from routers.app import create_app
from stts.settings import CacheSettings, Settings
from tests.fakes import registry


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, registry=registry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
async def cached(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with connected(settings.model_copy(update={"cache": CacheSettings()})) as client:
        yield client


SPOKEN = {"text": "Good evening.", "engine": "tone"}


@pytest.mark.parametrize("path", ["/tts", "/v1/audio/speech"])
@pytest.mark.parametrize("more", [{}, {"stream": True}, {"stream": False}, {"format": "pcm"}, {"format": "mp3"}])
async def test_a_hit_is_the_file_of_the_first_time(
    cached: httpx.AsyncClient, path: str, more: dict[str, object]
) -> None:
    body = {"input": "Good evening.", "model": "tone"} if path.startswith("/v1") else SPOKEN
    renamed = {
        ("response_format" if path.startswith("/v1") and name == "format" else name): more[name] for name in more
    }
    made = await cached.post(path, json={**body, **renamed})
    kept = await cached.post(path, json={**body, **renamed})
    assert (made.status_code, made.headers["x-cache"]) == (200, "MISS") and "age" not in made.headers
    assert (kept.status_code, kept.headers["x-cache"], kept.headers["age"]) == (200, "HIT", "0")
    assert int(kept.headers["content-length"]) == len(kept.content) == len(made.content)
    assert kept.content[100:] == made.content[100:]
    for name in ("content-type", "x-engine", "x-voice", "x-language", "x-sample-rate", "x-channels"):
        assert made.headers[name] == kept.headers[name]
    if "etag" in made.headers:
        assert made.headers["etag"] == kept.headers["etag"] and made.content == kept.content
        assert made.headers["x-audio-duration"] == kept.headers["x-audio-duration"]
    assert kept.headers["cache-control"] == "no-store" and kept.headers["accept-ranges"] == "bytes"


async def test_a_browser_keeps_it_and_asks(cached: httpx.AsyncClient) -> None:
    made = await cached.get("/tts", params=SPOKEN)
    assert made.headers["cache-control"] == "private, no-cache"
    same = await cached.get("/tts", params=SPOKEN, headers={"if-none-match": f'W/"other", {made.headers["etag"]}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", made.headers["etag"])
    assert "content-length" not in same.headers and same.headers["x-cache"] == "HIT"
    other = await cached.get("/tts", params=SPOKEN, headers={"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, made.content)


async def test_parts_of_what_was_kept(cached: httpx.AsyncClient) -> None:
    whole = await cached.get("/tts", params=SPOKEN)
    tag = whole.headers["etag"]
    part = await cached.get("/tts", params=SPOKEN, headers={"range": "bytes=100-199", "if-range": tag})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    anew = await cached.get("/tts", params=SPOKEN, headers={"cache-control": "no-cache"})
    assert anew.headers["etag"] != tag
    late = await cached.get("/tts", params=SPOKEN, headers={"range": "bytes=100-199", "if-range": tag})
    assert (late.status_code, len(late.content)) == (200, len(whole.content))


async def test_a_request_that_wants_no_cache(cached: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await cached.post("/tts", json=SPOKEN, headers={"cache-control": "max-age=0, No-Store"})
        assert answer.status_code == 200 and "x-cache" not in answer.headers
    assert (await cached.post("/tts", json=SPOKEN)).headers["x-cache"] == "MISS"


async def test_hits_are_counted(cached: httpx.AsyncClient) -> None:
    for _ in range(3):
        await cached.post("/tts", json=SPOKEN)
    page = (await cached.get("/metrics")).text
    assert 'stts_cache_answers_total{engine="tone",state="hit"} 2.0' in page
    assert 'stts_cache_answers_total{engine="tone",state="miss"} 1.0' in page


async def test_errors_are_as_without_a_cache(cached: httpx.AsyncClient) -> None:
    for _ in range(2):
        failed = await cached.post("/tts", json={**SPOKEN, "text": "Then explode."})
        assert failed.status_code == 500
        long = await cached.post("/tts", json={**SPOKEN, "text": "a " * 1500})
        assert long.status_code == 413 or long.status_code == 422
    silent = await cached.post("/tts", json={**SPOKEN, "text": "..."})
    assert silent.headers["x-silence"] == "true" and "x-cache" not in silent.headers


async def test_a_saved_copy_of_a_hit(cached: httpx.AsyncClient) -> None:
    made = await cached.post("/tts", json=SPOKEN)
    saved = await cached.post("/tts", json={**SPOKEN, "save": True})
    assert saved.headers["x-cache"] == "HIT"
    file = await cached.get(f"/files/{saved.headers['x-file-id']}/content")
    assert file.content == made.content
