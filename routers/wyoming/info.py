"""Builds the `info` event that answers `describe`: the engines and all their voices.

Home Assistant takes the first program that listens and the first installed one that speaks, and never uses a voice that
is not listed or whose languages are not those of its pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapters.catalogue import EngineCatalogue
from adapters.descriptions import EngineDescription
from routers.wyoming.frames import Event
from stts import __version__
from stts.access.principal import WYOMING_CLIENT
from stts.engine_api import EngineInfo, EngineKind, Voice
from stts.settings import CurrentSettings

EMPTY = ("handle", "intent", "wake", "mic", "snd")
"""Kinds of programs that this server does not offer."""


class Describer:
    def __init__(self, engines: EngineCatalogue, settings: CurrentSettings) -> None:
        self._engines = engines
        self._settings = settings

    async def info(self) -> Event:
        voices: dict[str, list[Voice]] = {}
        for offered in await self._engines.voices(viewer=WYOMING_CLIENT.viewer):
            voices.setdefault(offered.engine.name, []).append(offered.voice)
        listeners = [_listener(each.info, usable) for each, usable in await self._offered("stt")]
        speakers = [
            _speaker(each.info, usable, voices.get(each.name, ())) for each, usable in await self._offered("tts")
        ]
        return Event("info", {"asr": listeners, "tts": speakers, **{name: [] for name in EMPTY}})

    async def _offered(self, kind: EngineKind) -> list[tuple[EngineDescription, bool]]:
        """Engines and whether they can work at once: the one that `auto` takes first, then those that can."""
        settings = self._settings()
        chosen, usable = await self._engines.chosen(), await self._engines.usable(kind)
        order = [*(settings.tts.order if kind == "tts" else settings.stt.order)]

        def rank(offer: tuple[EngineDescription, bool]) -> tuple[bool, bool, int]:
            engine, is_usable = offer
            place = order.index(engine.name) if engine.name in order else len(order)
            return engine.name not in chosen, not is_usable, place

        offered = [
            (engine, engine.name in usable)
            for engine in self._engines.descriptions(kind)
            if engine.installed and (settings.engines.allow_network or not engine.info.network)
        ]
        return sorted(offered, key=rank)


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


def _speaker(info: EngineInfo, installed: bool, voices: Iterable[Voice]) -> dict[str, Any]:
    return {
        **_artifact(info, info.name, info.description, installed),
        "voices": [
            {
                **_artifact(info, voice.id, voice.name or voice.id, installed),
                "languages": _tags((voice.languages if voice.reference is None else ()) or info.languages),
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
