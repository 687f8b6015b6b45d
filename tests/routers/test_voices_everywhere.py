"""Voices that were kept here, recordings and blends, stand in the list of every dialect that has one."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from middleware.listener import OutputDefaults, default_listener
from routers.app import build_app
from routers.dialects import find_dialect
from routers.services import Services, build_services
from routers.wyoming.info import Describer
from stts.settings import Settings
from tests.audio import speech
from tests.fakes import registry

BLEND = "low(0.7)+high(0.3)"
LISTS = [
    ("native", "/voices"),
    ("openai", "/v1/audio/voices"),
    ("kokoro-fastapi", "/v1/audio/voices"),
    ("elevenlabs", "/v1/voices"),
    ("deepgram", "/v1/models"),
    ("ttskit", "/api/v1/voices"),
    ("chatterbox-server", "/get_predefined_voices"),
    ("chatterbox-server", "/v1/audio/voices"),
]
"""Dialects, each with the path of a list of voices."""


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """With a blend, a recording, and a recording that is called by its id."""
    tts = settings.tts.model_copy(update={"order": ("blender", "cloner")})
    engines = registry(blender="tests.fakes:BlenderEngine", cloner="tests.fakes:ClonerEngine")
    services = build_services(settings.model_copy(update={"tts": tts}), registry=engines)
    save = services.files.save
    await asyncio.to_thread(save, "references", "Between", io.BytesIO(BLEND.encode()), is_blend=True)
    await asyncio.to_thread(save, "references", "Of others", io.BytesIO(b"af_sky+af_bella"), is_blend=True)
    await asyncio.to_thread(save, "references", "Anna.flac", io.BytesIO(speech()))
    await asyncio.to_thread(save, "references", None, io.BytesIO(speech()), label="My own")
    yield services
    await services.engines.close()


def client_of(services: Services, dialect: str) -> httpx.AsyncClient:
    listener = replace(
        default_listener(services.settings, (dialect,)), name=dialect, output=lambda: OutputDefaults("mp3")
    )
    if (options := find_dialect(dialect).options) is not None:
        listener = replace(listener, options=options())
    transport = httpx.ASGITransport(build_app(services, listener), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


def texts(value: Any) -> set[str]:
    """All texts in an answer."""
    if isinstance(value, dict):
        return {text for each in value.values() for text in texts(each)}
    if isinstance(value, list):
        return {text for each in value for text in texts(each)}
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize(("dialect", "path"), LISTS)
async def test_a_list_of_voices_has_blends(services: Services, dialect: str, path: str) -> None:
    async with client_of(services, dialect) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert {"Between"} <= texts(answer.json())
    assert "Of others" not in texts(answer.json())  # its voices are not here


async def test_voices_are_told_by_the_names_that_requests_call_them_by(services: Services) -> None:
    async with client_of(services, "native") as client:
        voices = {(each["engine"], each["name"]): each for each in (await client.get("/voices")).json()}
        blend = voices["blender", "Between"]
        assert (blend["id"], blend["blend"], blend["reference"]) == ("Between", BLEND, False)
        assert ("cloner", "Between") not in voices and ("blender", "Anna") not in voices
        for key in [("blender", "Between"), ("cloner", "Anna"), ("cloner", "My own")]:
            said = await client.post("/tts", json={"text": "Hello", "voice": voices[key]["id"], "format": "wav"})
            assert (said.status_code, said.headers.get("x-engine")) == (200, key[0]), said.text


async def test_home_assistant_is_told_of_blends(services: Services) -> None:
    info = await Describer(services.engines, services.settings).info()
    voices = {program["name"]: [each["name"] for each in program["voices"]] for program in info.data["tts"]}
    assert "Between" in voices["blender"] and "Between" not in voices["cloner"]


async def test_elevenlabs_calls_a_blend_generated(services: Services) -> None:
    async with client_of(services, "elevenlabs") as client:
        page = (await client.get("/v2/voices", params={"category": "generated"})).json()
    assert [each["name"] for each in page["voices"]] == ["Between"]
