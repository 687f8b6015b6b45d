"""Several instances of one engine, each with options and a name of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.catalogue import EngineCatalogue
from adapters.configuration.checks import operator_check
from adapters.execution.backends.inline import InlineBackend
from adapters.execution.client import client_of
from adapters.execution.errors import translate
from adapters.execution.instance import EngineInstance
from engines.registry import Registry
from routers.app import create_app
from stts.errors import InvalidConfiguration
from stts.settings import EngineSettings, InstanceSettings, Settings, StorageSettings, TTSSettings
from tests.fakes import registry
from tests.wired import Library

INSTANCES = {
    "careful": InstanceSettings(engine="tone", options={"fail_on": "explode"}),
    "reckless": InstanceSettings(engine="tone"),
    "whisper_large": InstanceSettings(engine="whisper", options={"model": "large-v3"}),
    "whisper_english": InstanceSettings(engine="whisper", options={"model": "small.en"}),
    "loud": InstanceSettings(engine="espeak", copies=1),
}


def settings_with(root: Path, instances: dict[str, InstanceSettings], **tts: Any) -> Settings:
    return Settings(
        tts=TTSSettings(**tts),
        storage=StorageSettings(root=str(root)),
        engines=EngineSettings(instances=instances, options={"espeak": {"processes": 2}}),
    )


async def test_each_is_listed_chosen_and_counted_by_its_name(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, INSTANCES, order=("reckless",))
    transport = httpx.ASGITransport(create_app(settings, registry=registry()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        listed = {engine["name"]: engine for engine in (await client.get("/engines")).json()}
        assert {*INSTANCES, "tone", "espeak", "whisper"} <= listed.keys()
        assert listed["whisper_large"]["description"] == "Whisper large-v3"
        assert listed["whisper_english"]["languages"] == ["en"]
        assert (listed["espeak"]["limits"]["concurrency"], listed["careful"]["engine"]) == (2, "tone")
        statuses = {
            name: (await client.post("/tts", json={"text": "We explode.", "engine": name, "stream": False})).status_code
            for name in ("careful", "reckless")
        }
        assert statuses == {"careful": 500, "reckless": 200}
        answer = await client.post("/tts", json={"text": "Auto.", "stream": False})
        assert answer.headers["x-engine"] == "reckless"
        voices = (await client.get("/voices", params={"engine": "reckless"})).json()
        assert {voice["engine"] for voice in voices} == {"reckless"}
        metrics = (await client.get("/metrics")).text
        counted = "".join(line for line in metrics.splitlines() if line.startswith("stts_operations_total"))
        assert 'engine="reckless"' in counted and 'engine="tone"' not in counted
        assert (await client.get("/engines/careful")).json()["state"] == "ready"
        assert (await client.get("/engines/tone")).json()["state"] == "cold"


@pytest.mark.socket
async def test_two_of_one_class_are_loaded_and_speak_apart(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, INSTANCES)
    catalogue = EngineCatalogue(registry(), lambda: settings, Library())
    try:
        assert catalogue.describe("loud").engine == "espeak"
        assert (catalogue.instance("loud").slots, catalogue.instance("espeak").slots) == (1, 2)
        for name in ("loud", "espeak"):
            assert (await catalogue.probe(name)).ok
        await catalogue.instance("loud").close()
        assert [catalogue.describe(name).state for name in ("loud", "espeak")] == ["cold", "ready"]
        models = [catalogue.describe(name).models[0].id for name in ("whisper_large", "whisper_english")]
        assert models == ["large-v3", "small.en"]
    finally:
        await catalogue.close()


def test_messages_name_the_key_of_the_instance(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, INSTANCES)
    whisper: EngineInstance[Any] = EngineInstance("whisper_large", registry(), lambda: settings)
    told = translate(MemoryError(), whisper.engine, "call")
    assert "engines.instances.whisper_large.options.device" in str(told)


async def test_where_and_how_often_it_runs_is_the_operators_choice(tmp_path: Path) -> None:
    declared = {"apart": InstanceSettings(engine="tone", runs_in="process", copies=3)}
    settings = settings_with(tmp_path, declared)
    instance: EngineInstance[Any] = EngineInstance("apart", registry(), lambda: settings)
    assert (instance.info.name, instance.info.runs_in, instance.engine_name) == ("apart", "process", "tone")
    assert instance.slots == 3
    assert EngineInstance[Any]("tone", registry(), lambda: settings).info.runs_in == "inline"


def test_wrong_ones_are_named_by_their_key(tmp_path: Path) -> None:
    declared = {
        "none": InstanceSettings(engine="no_such"),
        "odd": InstanceSettings(engine="tone", options={"tempo": 3}),
    }
    settings = settings_with(tmp_path, declared, order=("odd", "none", "nobody"))
    problems = list(operator_check(registry())(settings))
    assert {problem.path for problem in problems} >= {
        ("engines", "instances", "none", "engine"),
        ("engines", "instances", "odd", "options", "tempo"),
    }
    assert [problem.value for problem in problems if problem.path == ("tts", "order")] == ["nobody"]
    with pytest.raises(InvalidConfiguration) as refused:
        EngineInstance("odd", registry(), lambda: settings)
    assert refused.value.param == "engines.instances.odd.options.tempo"
    with pytest.raises(InvalidConfiguration) as unknown:
        create_app(settings, registry=Registry())
    assert unknown.value.param == "engines.instances.none.engine"


async def test_what_to_do_about_full_memory_is_said_for_engines_with_a_device() -> None:
    settings = Settings(engines=EngineSettings(instances=INSTANCES))
    whisper: EngineInstance[Any] = EngineInstance("whisper_large", registry(), lambda: settings)
    client = client_of(whisper.engine, InlineBackend(whisper.engine, 1))
    told = translate(MemoryError(), client, "call")
    assert "engines.instances.whisper_large.options.device" in told.message
    await whisper.close()
