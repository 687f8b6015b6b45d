"""The model in that system's words, unloaded and loaded; the data of its page; its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from adapters.configuration.adapter import ConfigAdapter
from routers.app import build_app
from routers.listeners.settings import listener_settings
from routers.services import build_services
from stts.settings import Settings
from tests import patient
from tests.fakes import registry
from tests.routers.compat.chatterbox_server.conftest import chatterbox
from tests.routers.compat.cloning_engines import OTHER, TURBO
from tests.serving import serving

pytestmark = pytest.mark.socket

FIELDS = [
    "loaded",
    "type",
    "class_name",
    "device",
    "sample_rate",
    "supports_paralinguistic_tags",
    "available_paralinguistic_tags",
    "turbo_available_in_package",
    "multilingual_available_in_package",
    "supports_multilingual",
    "supported_languages",
]


async def test_the_model(client: httpx.AsyncClient, settings: Settings) -> None:
    model = (await client.get("/api/model-info")).json()
    assert list(model) == FIELDS
    assert (model["loaded"], model["type"], model["class_name"]) == (False, "turbo", "ChatterboxTurboTTS")
    assert model["supports_paralinguistic_tags"] and "laugh" in model["available_paralinguistic_tags"]
    assert (model["sample_rate"], model["device"], model["supported_languages"]) == (24_000, "cpu", {"en": "English"})
    assert model["turbo_available_in_package"] and not model["multilingual_available_in_package"]
    async with chatterbox(settings, OTHER) as other:
        model = (await other.get("/api/model-info")).json()
    assert (model["type"], model["supports_paralinguistic_tags"]) == ("mimic", False)


async def test_it_is_loaded_and_unloaded(client: httpx.AsyncClient) -> None:
    answer = await client.post("/restart_server")
    assert answer.json() == {
        "message": "Model hot-swap successful. Now running: ChatterboxTurboTTS (turbo)",
        "restart_needed": False,
    }
    assert (await client.get("/api/model-info")).json()["loaded"]
    assert (await client.post("/api/unload")).json() == {"status": "unloaded"}
    assert not (await client.get("/api/model-info")).json()["loaded"]


async def test_the_data_of_its_page(client: httpx.AsyncClient) -> None:
    data = (await client.get("/api/ui/initial-data")).json()
    expected = ["config", "reference_files", "predefined_voices", "presets", "initial_gen_result", "model_info"]
    assert list(data) == expected and list(data["model_info"]) == FIELDS
    assert data["config"]["generation_defaults"]["temperature"] == 0.8
    assert data["initial_gen_result"]["outputUrl"] is None and data["presets"] == []


async def test_settings_that_are_fixed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/save_settings", json={"model": {"repo_id": "chatterbox"}})
    assert answer.status_code == 403 and "detail" in answer.json()
    answer = await client.post("/save_settings", json={"ui_state": {"last_text": "secret"}})
    assert answer.status_code == 200 and not answer.json()["restart_needed"]
    assert (await client.post("/save_settings", json=[1])).status_code == 422


@pytest.fixture
async def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A server whose listener is in a file, so that its settings change while it runs."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "config.yaml"
    file.write_text(
        "tts: {order: [tone]}\n"
        "listeners: {old: {profile: chatterbox-server, output: {parameters: {temperature: 0.6}}}}\n"
        f"storage: {{root: {tmp_path / 'data'}}}\n"
    )
    config = ConfigAdapter.load(file, {})
    services = build_services(config.current(), config=config, registry=registry(**TURBO, **OTHER))
    app = build_app(services, listener_settings("old", services.settings))
    async with serving(app) as port, patient.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
    await services.engines.close()


async def test_settings_of_speech_are_those_of_the_listener(configured: httpx.AsyncClient) -> None:
    async def now() -> tuple[str, float]:
        data = (await configured.get("/api/ui/initial-data")).json()
        return data["model_info"]["type"], data["config"]["generation_defaults"]["temperature"]

    assert await now() == ("turbo", 0.6), "as the operator's file says"
    changes = {"model": {"repo_id": "mimic"}, "generation_defaults": {"temperature": 0.4, "seed": 7}, "ui": {}}
    assert (await configured.post("/save_settings", json=changes)).json()["message"] == "Settings saved successfully."
    assert await now() == ("mimic", 0.4)
    assert (
        await configured.post("/save_settings", json={"model": {"repo_id": "ResembleAI/chatterbox-turbo"}})
    ).is_success
    assert await now() == ("turbo", 0.4)
    wrong = await configured.post("/save_settings", json={"audio_output": {"sample_rate": "high"}})
    assert wrong.status_code == 422 and "detail" in wrong.json()
    for engine, name, value in (
        ("ResembleAI/chatterbox-turbo", "temperature", 9),
        ("ResembleAI/chatterbox-turbo", "exaggeration", "much"),
        ("mimic", "temperature", 3),  # beyond what this engine takes, though that system's own takes it
        ("ResembleAI/chatterbox-turbo", "language", "xx"),
    ):
        changes = {"model": {"repo_id": engine}, "generation_defaults": {name: value}}
        wrong = await configured.post("/save_settings", json=changes)
        assert wrong.status_code in (400, 422) and name in str(wrong.json()["detail"]), wrong.text
        assert await now() == ("turbo", 0.4)
    assert (await configured.post("/reset_settings")).status_code == 200
    assert await now() == ("turbo", 0.6), "as the operator's file says"
