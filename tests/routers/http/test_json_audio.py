"""Recordings in JSON on the real application: the same answers as from a form, and bounds on everything."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from stts.settings import LimitSettings, Settings
from tests.audio import encoded, speech, tone

DATA = base64.b64encode(speech()).decode()
PATH = "/v1/audio/transcriptions"


def body(data: Any = DATA, **fields: Any) -> dict[str, Any]:
    return {"model": "auto", "input_audio": {"data": data, "format": "flac"}, **fields}


async def by_form(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await client.post(PATH, files={"file": ("a.flac", speech())}, data={"model": "auto", **fields})


@pytest.mark.parametrize(
    "data",
    [
        DATA,
        f"data:audio/flac;base64,{DATA}",
        DATA.rstrip("="),
        DATA.replace("+", "-").replace("/", "_"),
        "\n".join(DATA[start : start + 76] for start in range(0, len(DATA), 76)),
    ],
    ids=["plain", "data url", "no padding", "url-safe", "lines"],
)
async def test_json_is_heard_as_the_form_is(client: httpx.AsyncClient, data: str) -> None:
    answer = await client.post(PATH, json=body(data))
    assert answer.status_code == 200, answer.text
    assert answer.json() == (await by_form(client)).json()


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": "verbose_json", "timestamp_granularities": ["word", "segment"]},
        {"response_format": "verbose_json", "timestamp_granularities[]": "word", "temperature": 0.5},
        {"response_format": "srt", "language": "en", "prompt": "Größe", "max_line_width": 20},
        {"stream": True, "include": ["logprobs"], "language": None},
    ],
)
async def test_fields_are_those_of_the_form(client: httpx.AsyncClient, fields: dict[str, Any]) -> None:
    answer = await client.post(PATH, json=body(**fields))
    sent = {name: str(value).lower() if isinstance(value, bool) else value for name, value in fields.items() if value}
    form = await by_form(client, **sent)
    assert answer.status_code == form.status_code == 200, answer.text
    assert answer.text == form.text


async def test_fields_of_other_servers_are_ignored(client: httpx.AsyncClient) -> None:
    fields = {"provider": {"options": {"x": 1}}, "chunking_strategy": {"type": "server_vad"}, "temperature": 0}
    assert (await client.post(PATH, json=body(**fields))).status_code == 200


async def test_translations_take_it_too(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/audio/translations", json=body())).json()["text"].startswith("word0")


@pytest.mark.parametrize(
    ("sent", "param"),
    [
        ({"model": "auto"}, "input_audio"),
        ({"model": "auto", "input_audio": DATA}, "input_audio"),
        ({"model": "auto", "input_audio": {"format": "wav"}}, "input_audio"),
        ({"model": "auto", "input_audio": {"data": [1, 2]}}, "input_audio"),
        ({"model": "auto", "file": "secret"}, "input_audio"),
        (body("secret! not base64"), "input_audio.data"),
        (body("A"), "input_audio.data"),
        (body("AAAA=AAA"), "input_audio.data"),
        (body(""), "file"),
        (body(base64.b64encode(b"secret text").decode()), "file"),
        ({"input_audio": {"data": DATA}}, "model"),
        (body(language="secret"), "language"),
        (body(prompt="secret" * 10_000), "body"),
        (body(extra=["secret"] * 300), "body"),
        (["secret"], "body"),
        ("secret", "body"),
        (None, "body"),
        (body(keywords={"a": 1}), "keywords"),
        (body(**{"keywords[]": [1]}), "keywords[]"),
        (body(language={"x": 1}), "language"),
    ],
)
async def test_mistakes_are_told(client: httpx.AsyncClient, sent: Any, param: str) -> None:
    answer = await client.post(PATH, content=json.dumps(sent), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param
    assert "secret" not in answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b'{"model": "\xff"}'])
async def test_what_is_no_json_is_told(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post(PATH, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "body")


async def test_a_longer_recording_than_other_json_may_be_is_heard(client: httpx.AsyncClient) -> None:
    """Three megabytes, in slices and in a temporary file."""
    data = encoded(tone(55.0, 16_000), "wav", 16_000) + bytes(1_000_000)
    answer = await client.post(PATH, json=body(base64.b64encode(data).decode()))
    assert answer.status_code == 200, answer.text
    assert answer.json()["usage"]["seconds"] >= 55


class TestBounds:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        limits = LimitSettings(json_bytes=1024, json_audio_bytes=2000)
        return settings.model_copy(update={"limits": limits})

    async def test_more_than_the_limit_is_refused(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(PATH, json=body("A" * 4000))
        assert answer.status_code == 413
        assert "2000 bytes" in answer.json()["error"]["message"]
        answer = await client.post("/v1/audio/speech", json={"model": "auto", "input": "x" * 1500})
        assert answer.status_code == 413
