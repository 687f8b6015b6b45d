"""Which engine clones: the preferred, then those of the order, then any; never one that needs a network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routers.http.cloning import Cloners
from routers.services import build_services
from stts.access.permission import EVERYTHING, Permission
from stts.engine_api import EngineInfo
from stts.errors import EngineNotInstalled
from stts.settings import Settings, TTSSettings
from tests.fakes import ClonerEngine, ToneEngine, registry


class FarCloner(ClonerEngine):
    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="far", network=True)


class FarTone(ToneEngine):
    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="far_tone", network=True)


def cloners(settings: Settings, *order: str, allow_network: bool = True) -> Cloners:
    engines = settings.engines.model_copy(update={"allow_network": allow_network})
    settings = settings.model_copy(update={"tts": TTSSettings(order=order), "engines": engines})
    cloner = "tests.fakes:ClonerEngine"
    more = {"first": cloner, "second": cloner, "far": f"{__name__}:FarCloner", "far_tone": f"{__name__}:FarTone"}
    services = build_services(settings, registry=registry(**more))
    return Cloners(services.engines, services.settings)


async def named(cloners: Cloners, *preferred: str, permission: Permission = EVERYTHING) -> str | None:
    found = await cloners.first(preferred, permission)
    return None if found is None else found.name


async def test_the_order(settings: Settings) -> None:
    some = cloners(settings, "tone", "second", "far")
    assert await named(some) == "second"
    assert await named(some, "nobody", "far", "chatterbox_turbo", "first") == "first"
    assert await named(cloners(settings, "tone")) == "first", "none of those in the order clones"
    assert await named(some, "first", permission=Permission(engines=("tone", "second"))) == "second"
    assert await named(some, permission=Permission(engines=("tone",))) is None


async def test_another_voice_comes_from_this_machine(settings: Settings) -> None:
    assert await cloners(settings, "tone", "espeak").other(EVERYTHING) == "auto"
    assert await cloners(settings, "far_tone", "tone").other(EVERYTHING) == "tone"
    with pytest.raises(EngineNotInstalled):
        await cloners(settings, "far_tone").other(EVERYTHING)
    assert await cloners(settings, "far_tone", "tone", allow_network=False).other(EVERYTHING) == "auto"
