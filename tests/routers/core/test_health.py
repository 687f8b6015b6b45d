from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from middleware.serving.lifecycle import Lifecycle
from routers.app import create_app
from stts.settings import Settings
from tests import patient
from tests.audio import encoded, tone
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import running


def client_of(settings: Settings, lifecycle: Lifecycle) -> httpx.AsyncClient:
    app = create_app(settings, registry=registry(), lifecycle=lifecycle)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def test_health_is_alive(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + PATIENCE
    while client.get("/ready").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.socket
def test_balancers_may_ask_for_the_head_only(settings: Settings) -> None:
    with running(settings, registry()) as server, patient.Client(base_url=server.url) as client:
        until_ready(client)
        for path in ("/health", "/ready"):
            answer = client.head(path)
            assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(("phase", "status"), [("ready", 200), ("starting", 503), ("draining", 503)])
async def test_ready_says_whether_work_is_accepted(settings: Settings, phase: str, status: int) -> None:
    async with client_of(settings, Lifecycle(phase)) as client:  # type: ignore[arg-type]
        answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (status, phase)
    assert answer.json()["engines"]["tone"]["state"] == "cold"
    assert answer.json()["engines"]["chatterbox"]["state"] in ("not_installed", "cold")


async def test_a_server_without_an_engine_is_not_ready(settings: Settings) -> None:
    bare = settings.model_copy(
        update={
            "tts": settings.tts.model_copy(update={"order": ()}),
            "stt": settings.stt.model_copy(update={"order": ()}),
        }
    )
    async with client_of(bare, Lifecycle("ready")) as client:
        answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "no_engine")


async def test_a_probe_really_runs_the_engines_that_auto_takes(settings: Settings) -> None:
    async with client_of(settings, Lifecycle("ready")) as client:
        engines = (await client.get("/ready", params={"probe": "true"})).json()["engines"]
    for name in ("tone", "echo"):
        assert engines[name]["state"] == "ready"
        assert engines[name]["last_probe"]["ok"] is True
    assert engines["espeak"]["last_probe"] is None


async def test_info_says_what_it_can_do(client: httpx.AsyncClient) -> None:
    info = (await client.get("/info")).json()
    assert info["auto"] == ["tone", "echo"]
    assert info["formats"]["opus"] == {"media_type": "audio/ogg", "sample_rates": "8000, 12000, 16000, 24000, 48000"}
    assert info["limits"]["text_characters"] == 2000


async def test_engines_describe_themselves(client: httpx.AsyncClient) -> None:
    engines = {engine["name"]: engine for engine in (await client.get("/engines")).json()}
    assert {"espeak", "pocketsphinx", "silero", "chatterbox", "whisper", "tone"} <= set(engines)
    assert engines["tone"]["parameters"]["properties"]["frequency"]["default"] == 220.0
    assert engines["chatterbox"]["install"] == "stts engines install chatterbox"
    assert (await client.get("/engines/tone")).json() == engines["tone"]


async def test_load_and_unload(client: httpx.AsyncClient) -> None:
    loaded = await client.post("/engines/tone/load")
    assert (loaded.status_code, loaded.json()["state"]) == (200, "ready")
    assert loaded.json()["last_probe"]["ok"] is True
    unloaded = await client.post("/engines/tone/unload")
    assert (unloaded.status_code, unloaded.json()["state"]) == (200, "cold")


async def test_unknown_engines_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/engines/nosuch")).status_code == 404
    assert (await client.post("/engines/nosuch/load")).status_code == 404
    answer = await client.get("/voices?engine=nosuch")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_engine")


async def test_voices_can_be_narrowed(client: httpx.AsyncClient) -> None:
    assert [voice["id"] for voice in (await client.get("/voices?engine=tone")).json()] == ["low", "high"]
    german = (await client.get("/voices", params={"language": "de", "engine": "espeak"})).json()
    assert german and all("de" in voice["languages"] for voice in german)


async def test_stored_references_are_voices_of_engines_that_clone(client: httpx.AsyncClient, tmp_path: Path) -> None:
    upload = {"file": ("anna.wav", encoded(tone(8.0)))}
    assert (await client.post("/files", files=upload, data={"kind": "references"})).status_code == 201
    voices = (await client.get("/voices?engine=chatterbox")).json()
    assert [voice["id"] for voice in voices if voice["reference"]] == ["anna"]
    assert not [voice for voice in (await client.get("/voices?engine=tone")).json() if voice["reference"]]
