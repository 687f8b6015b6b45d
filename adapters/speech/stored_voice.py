"""Voices of the library, as far as an engine speaks with them: recordings for those that clone, blends for those that
blend. Others refuse them in words, and never speak with another voice instead."""

from __future__ import annotations

from dataclasses import replace

from adapters.speech.refusals import LacksAbility
from stts.access.viewer import Viewer
from stts.engine_api import EngineInfo, TTSEngine
from stts.errors import UnknownVoice
from stts.protocols import LibraryVoice, VoiceLibrary

WHICH = "`abilities` at GET /engines tells which engines do."


async def stored_voice(engine: TTSEngine, library: VoiceLibrary, name: str, viewer: Viewer) -> LibraryVoice | None:
    """The stored voice of this name for the viewer; None: there is none. Raises UnknownVoice where the engine cannot
    speak with it."""
    info = engine.info
    seconds = info.limits.reference_seconds if info.abilities.cloning else None
    found = await library.find(name, viewer, seconds)
    if found is None:
        return None
    if found.voice.reference is not None:
        require_cloning(info)
        return found
    if not info.abilities.blending:
        raise LacksAbility(f"{info.name} cannot blend voices, and this one is a blend. {WHICH}", "blending")
    voice = engine.find_voice(found.blend)
    if voice is None:
        raise UnknownVoice(f"{info.name} has not all of the voices of which this one is blended.", param="voice")
    return replace(found, voice=voice)


def require_cloning(info: EngineInfo) -> None:
    """Raises UnknownVoice for an engine that cannot speak with a recording."""
    if not info.abilities.cloning:
        raise LacksAbility(
            f"{info.name} cannot speak with this voice, which is a recording to be cloned. {WHICH}", "cloning"
        )
