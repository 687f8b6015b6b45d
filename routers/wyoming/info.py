"""What this server is, for clients that ask with `describe`: its engines and all their voices.

Home Assistant takes the first program that listens and the first installed one that speaks, and never uses a voice that
is not listed or whose languages are not those of its pipeline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from adapters.catalogue import Engines
from adapters.execution.instance import EngineInstance
from routers.wyoming.frames import Event
from stts import __version__
from stts.engine_api import EngineInfo, EngineKind, Voice
from stts.settings import CurrentSettings
from stts.storage.files.store import FileStore

EMPTY = ("handle", "intent", "wake", "mic", "snd")
"""Kinds of programs that this server has none of."""


class Describer:
    def __init__(self, engines: Engines, files: FileStore, settings: CurrentSettings) -> None:
        self._engines = engines
        self._files = files
        self._settings = settings

    async def info(self) -> Event:
        references = await asyncio.to_thread(self._files.voices)
        listeners = [_listener(instance.info, installed) for instance, installed in await self._offered("stt")]
        speakers = [
            _speaker(instance.info, installed, references) for instance, installed in await self._offered("tts")
        ]
        return Event("info", {"asr": listeners, "tts": speakers, **{name: [] for name in EMPTY}})

    async def _offered(self, kind: EngineKind) -> list[tuple[EngineInstance[Any], bool]]:
        """Engines and whether they can work at once: the one that `auto` takes first, then those that can."""
        settings = self._settings()
        chosen = await self._engines.chosen()
        order = [*(settings.tts.order if kind == "tts" else settings.stt.order)]
        instances = [
            (instance, await _installed(instance))
            for instance in self._engines.instances.values()
            if instance.info.kind == kind
            and instance.state != "not_installed"
            and (settings.engines.allow_network or not instance.info.network)
        ]

        def rank(offer: tuple[EngineInstance[Any], bool]) -> tuple[bool, bool, int]:
            instance, installed = offer
            place = order.index(instance.name) if instance.name in order else len(order)
            return instance.name not in chosen, not installed, place

        return sorted(instances, key=rank)


async def _installed(instance: EngineInstance[Any]) -> bool:
    """Whether it works without fetching anything."""
    if instance.state == "ready":
        return True
    return instance.state != "failed" and await asyncio.to_thread(instance.engine.weights_present)


def _listener(info: EngineInfo, installed: bool) -> dict[str, Any]:
    model = {**_artifact(info, info.name, info.description, installed), "languages": _tags(info.languages)}
    return {
        **_artifact(info, info.name, info.description, installed),
        "models": [model],
        "supports_transcript_streaming": True,
        "requires_external_vad": True,
        "prefers_auto_gain_enabled": True,
        "prefers_noise_reduction_enabled": True,
    }


def _speaker(info: EngineInfo, installed: bool, references: Iterable[Voice]) -> dict[str, Any]:
    voices = [*info.voices, *(references if info.abilities.cloning else ())]
    return {
        **_artifact(info, info.name, info.description, installed),
        "voices": [
            {
                **_artifact(info, voice.id, voice.name or voice.id, installed),
                "languages": _tags(voice.languages or info.languages),
            }
            for voice in voices
        ],
        "supports_synthesize_streaming": True,
    }


def _artifact(info: EngineInfo, name: str, description: str, installed: bool) -> dict[str, Any]:
    return {
        "name": name,
        "attribution": {"name": info.maker or info.name, "url": info.homepage},
        "installed": installed,
        "description": description,
        "version": __version__,
    }


def _tags(languages: Iterable[str]) -> list[str]:
    return [_written(tag) for tag in languages]


def _written(tag: str) -> str:
    """A language tag in the usual letter case: `en-US`, `zh-Hant`."""
    parts = tag.replace("_", "-").lower().split("-")
    cases = {2: str.upper, 4: str.title}
    # What follows a single letter is private or an extension, and in lower case.
    usual = next((index for index, part in enumerate(parts) if len(part) == 1), len(parts))
    return "-".join(
        cases[len(part)](part) if 0 < index < usual and len(part) in cases else part for index, part in enumerate(parts)
    )
