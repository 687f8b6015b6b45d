"""Which engine `auto` takes, and what is known of an engine after a load."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from pydantic import BaseModel

from adapters.catalogue import EngineCatalogue as Catalogue
from engines.registry import GROUP, Registry
from stts.context import RequestContext
from stts.engine_api import EngineInfo, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.errors import (
    EngineCrashed,
    EngineNotInstalled,
    EngineWeightsMissing,
    InvalidConfiguration,
    InvalidParameter,
    UnknownEngine,
    UnknownVoice,
)
from stts.plans import SpeechRequest
from stts.settings import EngineSettings, Settings, STTSettings, TTSSettings
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig
from tests import fakes
from tests.adapters.execution import engines_under_test
from tests.adapters.execution.engines_under_test import run
from tests.patient import PATIENCE
from tests.wired import Engines


class Plain(TTSEngine):
    """Describes itself; what it lacks is said by its subclasses."""

    name = "plain"
    network = False
    packages: tuple[str, ...] = ()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=self.name,
            kind="tts",
            description="",
            languages=("de",),
            voices=(Voice("eva"),),
            default_voice="eva",
            network=self.network,
            packages=self.packages,
            install="pip install it",
        )

    def load(self, progress: Progress) -> None: ...

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        return iter(())


class Cloud(Plain):
    name, network = "cloud", True


class Missing(Plain):
    name, packages = "missing", ("no_such_package",)


class Choosing(Plain):
    """Speaks with the best of the models that are here."""

    name, best = "choosing", "small"

    def __init__(self, options: BaseModel | None = None) -> None:
        super().__init__(options)
        self.found = self.best

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, description=self.found)

    def outdated(self) -> bool:
        return self.found != self.best

    def look_again(self) -> None:
        self.found = self.best


class Unfetched(Plain):
    name = "unfetched"
    fetched = False

    def weights_present(self) -> bool:
        return self.fetched

    def load(self, progress: Progress) -> None:
        if not self.fetched:
            raise EngineWeightsMissing("Its model is not on this disk.")


def registry() -> Registry:
    names = ("plain", "cloud", "missing", "unfetched", "choosing")
    script = EntryPoint("script", engines_under_test.registry().target("script"), GROUP)
    own = [EntryPoint(name, f"{__name__}:{name.title()}", GROUP) for name in names]
    tests = [EntryPoint(name, fakes.registry().target(name), GROUP) for name in ("tone", "echo")]
    broken = [EntryPoint(name, f"{target}:Engine", GROUP) for name, target in BROKEN.items()]
    return Registry([*own, *tests, *broken, script])


@asynccontextmanager
async def engines(*, allow_network: bool = False, **tts: Any) -> AsyncIterator[Engines]:
    settings = Settings(
        tts=TTSSettings(**tts),
        stt=STTSettings(order=("pocketsphinx", "echo")),
        engines=EngineSettings(allow_network=allow_network),
    )
    made = Engines(registry(), lambda: settings)
    try:
        yield made
    finally:
        await made.close()


BROKEN = {"absent": "no_such_module", "raising": "tests.adapters.broken_engine"}

ALL = ("cloud", "missing", "unfetched", "plain", "tone")


async def test_auto_takes_the_first_that_is_here_and_keeps_text_here() -> None:
    async with engines(order=ALL) as made:
        assert (await made.selection.plan_speech(SynthesisConfig())).instance == "plain"


async def test_the_operator_may_allow_the_network() -> None:
    async with engines(order=ALL, allow_network=True) as made:
        assert (await made.selection.plan_speech(SynthesisConfig())).instance == "cloud"


@pytest.mark.parametrize(
    "config",
    [
        SynthesisConfig(language="en-GB"),
        SynthesisConfig(voice="high"),
        SynthesisConfig(parameters={"frequency": 440}),
    ],
)
async def test_auto_passes_over_engines_that_cannot_do_what_is_asked(config: SynthesisConfig) -> None:
    async with engines(order=ALL) as made:
        assert (await made.selection.plan_speech(config)).instance == "tone"


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (SynthesisConfig(language="fr"), InvalidParameter),
        (SynthesisConfig(voice="nobody"), UnknownVoice),
        (SynthesisConfig(parameters={"colour": 1}), InvalidParameter),
        (SynthesisConfig(engine="nosuch"), UnknownEngine),
        (SynthesisConfig(engine="echo"), UnknownEngine),
    ],
)
async def test_what_no_engine_can_do_says_why(config: SynthesisConfig, error: type[Exception]) -> None:
    async with engines(order=ALL) as made:
        with pytest.raises(error):
            await made.selection.plan_speech(config)


async def test_no_engine_at_all_is_said_plainly() -> None:
    async with engines(order=("missing", "unfetched", "nosuch")) as made:
        with pytest.raises(EngineNotInstalled, match=r"tts\.order"):
            await made.selection.plan_speech(SynthesisConfig())
        assert await made.catalogue.chosen() == ["pocketsphinx"]


async def test_a_listener_is_chosen_by_what_it_can_do() -> None:
    async with engines() as made:
        assert (await made.selection.plan_transcription(TranscriptionConfig())).instance == "pocketsphinx"
        assert (await made.selection.plan_transcription(TranscriptionConfig(task="translate"))).instance == "echo"
        assert (await made.selection.plan_transcription(TranscriptionConfig(language="de"))).instance == "echo"


async def test_an_engine_that_cannot_be_imported_costs_the_others_nothing() -> None:
    async with engines() as made:
        assert not set(BROKEN) & set(made.catalogue.instances)
        assert "tone" in made.catalogue.instances


async def test_a_load_is_followed_by_a_real_run() -> None:
    async with engines() as made:
        await made.load("tone")
        probe = made.instance("tone").last_probe
        assert probe is not None and probe.ok


async def test_an_engine_that_makes_nothing_is_found_out() -> None:
    async with engines() as made:
        await made.load("plain")
        probe = made.instance("plain").last_probe
        assert probe is not None and (probe.ok, probe.error) == (False, "engine_failed")


async def test_the_first_request_loads_and_is_followed_by_a_probe() -> None:
    async with engines(order=("tone",)) as made:
        context = RequestContext("tts")
        async with aclosing(made.speak(context, SpeechRequest("hello", SynthesisConfig()))) as chunks:
            assert sum([chunk.seconds async for chunk in chunks]) > 0.1
        await made.load("tone")
        assert made.instance("tone").last_probe is not None


async def test_an_unload_ends_the_probe_that_would_load_the_engine_anew() -> None:
    async with engines(order=("tone",)) as made:
        context = RequestContext("tts")
        async with aclosing(made.speak(context, SpeechRequest("hello", SynthesisConfig()))) as chunks:
            assert sum([chunk.seconds async for chunk in chunks]) > 0.1
        await made.catalogue.unload("tone")
        assert made.instance("tone").state == "cold"
        assert "probe tone" not in {task.get_name() for task in asyncio.all_tasks()}
        assert made.catalogue.in_use("tone") == []


async def test_an_unload_is_not_refused_for_a_probe_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    probing = asyncio.Event()

    async def holding(self: Catalogue, name: str) -> None:
        async with self.instance(name).slot(time.monotonic() + PATIENCE):
            probing.set()
            await asyncio.Event().wait()

    async with engines(order=("tone",)) as made:
        monkeypatch.setattr(Catalogue, "probe", holding)
        await made.instance("tone").load()
        await asyncio.wait_for(probing.wait(), PATIENCE)
        await made.catalogue.unload("tone")
        assert made.instance("tone").state == "cold"


def test_a_vad_that_is_none_is_refused() -> None:
    settings = Settings(stt=STTSettings(vad="tone"))
    with pytest.raises(InvalidConfiguration, match="silero"):
        Engines(registry(), lambda: settings)


async def test_an_engine_that_failed_for_want_of_its_model_works_when_that_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with engines(order=("unfetched",)) as made:
        with pytest.raises(EngineWeightsMissing):
            await made.catalogue.load("unfetched")
        assert made.instance("unfetched").state == "failed"
        monkeypatch.setattr(Unfetched, "fetched", True)
        await made.catalogue.weights_changed("unfetched")
        assert (await made.catalogue.chosen())[0] == "unfetched"
        assert made.catalogue.loaded("unfetched") == []
        await made.catalogue.load("unfetched")
        assert made.catalogue.loaded("unfetched") == ["unfetched"]


async def test_a_loaded_engine_takes_up_a_better_model_that_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    async with engines(order=("choosing",)) as made:
        await made.catalogue.load("choosing")
        await made.catalogue.weights_changed("choosing")
        assert made.catalogue.loaded("choosing") == ["choosing"], "what has not changed stays loaded"
        monkeypatch.setattr(Choosing, "best", "large")
        await made.catalogue.weights_changed("choosing")
        assert made.catalogue.loaded("choosing") == []
        assert made.catalogue.describe("choosing").info.description == "large"


async def test_an_engine_at_work_takes_up_a_better_model_when_it_is_unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    async with engines(order=("choosing",)) as made:
        await made.catalogue.load("choosing")
        monkeypatch.setattr(Choosing, "best", "large")
        async with made.instance("choosing").slot(time.monotonic() + PATIENCE):
            await made.catalogue.weights_changed("choosing")
        assert made.catalogue.describe("choosing").info.description == "small"
        await made.catalogue.unload("choosing")
        assert made.catalogue.describe("choosing").info.description == "large"


async def test_weights_that_come_while_their_engine_loads_disturb_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with engines(order=("unfetched",)) as made:
        with pytest.raises(EngineWeightsMissing):
            await made.catalogue.load("unfetched")
        gate, asked = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            asked.set()
            await gate.wait()

        made.instance("unfetched").lifecycle.on_loading = hold
        loading = asyncio.create_task(made.catalogue.load("unfetched"))
        await asked.wait()
        monkeypatch.setattr(Unfetched, "fetched", True)
        await made.catalogue.weights_changed("unfetched")
        gate.set()
        await loading
        assert made.catalogue.loaded("unfetched") == ["unfetched"]


@pytest.mark.socket
async def test_auto_passes_over_an_engine_in_a_crash_loop_and_comes_back_to_it() -> None:
    settings = Settings(tts=TTSSettings(order=("script", "plain")), engines=EngineSettings(options=SCRIPT))
    made = Engines(registry(), lambda: settings)
    instance = made.instance("script")
    try:
        while instance.state != "failed":
            with pytest.raises(EngineCrashed):
                await run(instance, "kill")
        assert instance.rest and (await made.catalogue.chosen())[0] == "plain"
        assert (await made.selection.plan_speech(SynthesisConfig())).instance == "plain"
        assert (await made.selection.plan_speech(SynthesisConfig(voice="any"))).instance == "script", (
            "nobody else could"
        )
        await asyncio.sleep(instance.rest)
        assert (await made.selection.plan_speech(SynthesisConfig())).instance == "script"
        assert await run(instance, "count 1") == [0]
    finally:
        await made.close()


SCRIPT = {"script": {"place": "process"}}
