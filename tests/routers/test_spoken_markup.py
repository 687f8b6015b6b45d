"""Markup is read as speech on every route that speaks a text, unless somebody keeps it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from routers.app import create_app
from stts.settings import Settings
from tests.fakes import registry

MARKED = "**Hello** there, see [this](http://x.example/a). AT&amp;T"
PLAIN = "Hello there, see this. AT&T"


async def speech(client: httpx.AsyncClient, path: str, text: str, **fields: Any) -> bytes:
    """The tone, whose length tells how many characters it spoke."""
    names = {"text": text, "format": "pcm"} if path == "/tts" else {"model": "tone", "input": text}
    if path != "/tts":
        names |= {"response_format": "pcm"}
    answer = await client.post(path, json={**names, "stream": False, **fields})
    assert answer.status_code == 200
    return answer.content


@pytest.mark.parametrize("path", ["/tts", "/v1/audio/speech"])
async def test_markup_is_read_as_speech_and_kept_on_request(client: httpx.AsyncClient, path: str) -> None:
    plain = await speech(client, path, PLAIN)
    assert await speech(client, path, MARKED) == plain
    assert await speech(client, path, MARKED, markup="speak") == plain
    assert len(await speech(client, path, MARKED, markup="keep")) > 1.5 * len(plain)


@pytest.mark.parametrize("path", ["/tts", "/v1/audio/speech"])
async def test_the_configuration_may_keep_it(settings: Settings, path: str) -> None:
    kept = settings.model_copy(update={"tts": settings.tts.model_copy(update={"markup": "keep"})})
    transport = httpx.ASGITransport(create_app(kept, registry=registry()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        plain = await speech(client, path, PLAIN)
        assert len(await speech(client, path, MARKED)) > 1.5 * len(plain)
        assert await speech(client, path, MARKED, markup="speak") == plain


@pytest.mark.parametrize(("path", "param"), [("/tts", "markup"), ("/v1/audio/speech", "markup")])
async def test_another_word_is_refused(client: httpx.AsyncClient, path: str, param: str) -> None:
    names = {"text": PLAIN} if path == "/tts" else {"model": "tone", "input": PLAIN}
    answer = await client.post(path, json={**names, "markup": "ssml"})
    assert answer.status_code in (400, 422)
    assert param in json.dumps(answer.json()) and "keep" in json.dumps(answer.json())


async def test_marks_of_markup_alone_are_silence(client: httpx.AsyncClient) -> None:
    answer = await client.post("/tts", json={"text": "```\n```\n***\n*smiles*", "stream": False})
    assert answer.headers["x-silence"] == "true"


async def test_a_long_text_with_markup_is_read_too(client: httpx.AsyncClient, settings: Settings) -> None:
    """It is cleaned in a thread."""
    roomy = settings.model_copy(update={"limits": settings.limits.model_copy(update={"text_characters": 100_000})})
    transport = httpx.ASGITransport(create_app(roomy, registry=registry()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.post("/tts", json={"text": "**a** " * 1000, "stream": False, "format": "pcm"})
    assert answer.status_code == 200
    assert float(answer.headers["x-audio-duration"]) < 2 * 1000 * 0.06 + 30
