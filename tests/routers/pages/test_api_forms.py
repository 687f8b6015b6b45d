"""Forms of the docs page are sent as they stand to the real application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from adapters.configuration.adapter import ConfigAdapter
from middleware.listener import default_listener
from routers.app import build_app
from routers.dialects import DIALECTS
from routers.pages.api_forms import RECORDINGS
from routers.services import Services, build_services
from routers.startup import running
from stts.settings import Settings, StorageSettings

pytestmark = pytest.mark.socket

RECORDING = Path(__file__).parents[2] / "data" / "weather.flac"


def services_of(folder: Path) -> Services:
    (folder / "config.yaml").write_text("")
    config = ConfigAdapter.load(folder / "config.yaml", {"STTS_STORAGE__ROOT": str(folder / "data")}, None)
    return build_services(Settings(storage=StorageSettings(root=str(folder / "data"))), config=config)


def application(services: Services) -> FastAPI:
    return build_app(services, default_listener(services.settings, tuple(DIALECTS)))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    services = services_of(tmp_path)
    app = application(services)
    async with (
        running(services),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):
        yield client


def test_a_form_has_a_picker_for_its_recording(tmp_path: Path) -> None:
    app = application(services_of(tmp_path))
    for document in (app.openapi(), app.openapi()):
        for path in RECORDINGS:
            schema = document["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
            assert schema["properties"]["file"]["format"] == "binary"
            assert "file" in schema["required"]


@pytest.mark.parametrize("path", [path for path in RECORDINGS if path != "/v1/audio/translations"])
async def test_a_form_works_as_the_page_sends_it(path: str, client: httpx.AsyncClient) -> None:
    """Everything that is filled in, and a recording. No engine of the base installation translates."""
    document = (await client.get("/openapi.json")).json()
    schema = document["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    fields = {
        name: value if isinstance(value := each.get("example", each.get("default")), list) else str(value).lower()
        for name, each in schema["properties"].items()
        if each.get("example") or each.get("default") not in (None, [])
    }
    with RECORDING.open("rb") as file:
        answer = await client.post(path, data=fields, files={"file": (RECORDING.name, file)})
    assert answer.is_success, answer.text


async def test_lists_that_are_not_filled_in_are_none(client: httpx.AsyncClient) -> None:
    """The page sends an empty text for each."""
    fields = dict.fromkeys(("timestamp_granularities", "include", "keywords", "languages", "language", "prompt"), "")
    with RECORDING.open("rb") as file:
        answer = await client.post(
            "/v1/audio/transcriptions", data={"model": "auto", **fields}, files={"file": (RECORDING.name, file)}
        )
    assert answer.is_success, answer.text
