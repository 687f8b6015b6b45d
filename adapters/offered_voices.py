"""All voices that engines speak with: their own, stored recordings for those that clone, and blends that were kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.descriptions import EngineDescription, OfferedVoice
from stts.access.viewer import Viewer
from stts.engine_api import TTSEngine, Voice
from stts.protocols import LibraryVoice, VoiceLibrary

Described = tuple[EngineDescription, TTSEngine]


async def offered_voices(
    engines: Sequence[Described], library: VoiceLibrary, viewer: Viewer | None
) -> list[OfferedVoice]:
    """The voices of these engines, with those of the library that have a name for the viewer; None: without them."""
    abilities = [each.info.abilities for each, _ in engines]
    recordings: Sequence[Voice] = ()
    blends: Sequence[LibraryVoice] = ()
    if viewer is not None:
        recordings = await library.voices(viewer) if any(each.cloning for each in abilities) else ()
        blends = await library.blends(viewer) if any(each.blending for each in abilities) else ()
    return [each for described in engines for each in _of_one(*described, recordings, blends)]


def _of_one(
    described: EngineDescription, engine: TTSEngine, recordings: Sequence[Voice], blends: Sequence[LibraryVoice]
) -> Iterator[OfferedVoice]:
    abilities = described.info.abilities
    yield from (OfferedVoice(described, voice) for voice in described.voices)
    if abilities.cloning:
        yield from (OfferedVoice(described, voice) for voice in recordings)
    if abilities.blending:
        # Of voices of another engine, or of some that have gone, it is no voice of this one.
        able = (each for each in blends if engine.find_voice(each.blend) is not None)
        yield from (OfferedVoice(described, each.voice, each.blend) for each in able)
