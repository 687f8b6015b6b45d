"""Voices of this dialect: predefined ones, which are folders, the library and engines, and recordings to be cloned."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from routers.compat.chatterbox_server.errors import NoSuchFile, UnsuitableName
from routers.compat.chatterbox_server.schemas import EXTENSIONS, ChatterboxOptions, PredefinedVoice
from routers.compat.chatterbox_server.shipped import stand_in
from routers.http.voice_folders import FolderVoices
from routers.services import Services
from stts.access.permission import Permission
from stts.access.viewer import Viewer
from stts.engine_api import Voice
from stts.storage.files.names import extension, same_voice, stem
from stts.voice_names import HOSTED

PREDEFINED = "predefined"
"""Tag of library voices that were uploaded as such."""
SECONDS = (3.0, 30.0)
"""Shortest and longest part of a recording that is cloned."""
MOST_LISTED = 1000
PREDEFINED_FILE, REFERENCE_FILE, FILE = "Predefined voice file", "Reference audio file", "Voice file"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The voice that a request means."""

    voice: str | None
    """Its name; None: the default of the listener."""
    speaker: Voice | None = None
    """A recording of a folder."""
    is_cloned: bool = False
    is_stand_in: bool = False


class Voices:
    def __init__(self, services: Services, options: ChatterboxOptions) -> None:
        self._engines = services.engines
        self._references = services.files.references
        self._predefined = _folder(options.predefined_voices_path)
        self._recordings = _folder(options.reference_audio_path)

    async def predefined(self, permission: Permission) -> list[PredefinedVoice]:
        """All, the recordings first."""
        names = [] if self._predefined is None else await self._predefined.names()
        names += await self._library(permission.viewer, predefined=True)
        voices = [PredefinedVoice(display_name=_title(name), filename=name) for name in names]
        voices += [
            PredefinedVoice(display_name=each.name or each.id, filename=each.id)
            for each in await self._own(permission.viewer)
        ]
        found = {each.filename: each for each in reversed(voices) if permission.allows_voice(each.filename)}
        return list(reversed(found.values()))[:MOST_LISTED]

    async def references(self, viewer: Viewer) -> list[str]:
        names = [] if self._recordings is None else await self._recordings.names()
        return sorted({*names, *await self._library(viewer, predefined=False)})

    async def find_predefined(self, name: str, viewer: Viewer) -> Chosen:
        """Raises UnsuitableName and NoSuchFile."""
        found = await self._in_folder(self._predefined, name) or await self._offered(_checked(name), viewer)
        if found is None:
            raise NoSuchFile(PREDEFINED_FILE, name)
        return found

    async def find_reference(self, name: str, viewer: Viewer) -> Chosen:
        """Raises UnsuitableName and NoSuchFile."""
        found = await self._in_folder(self._recordings, name) or await self._stored(_checked(name), viewer)
        if found is None:
            raise NoSuchFile(REFERENCE_FILE, name)
        return found

    async def find(self, name: str, viewer: Viewer) -> Chosen:
        """A voice of either kind. Raises UnsuitableName and NoSuchFile."""
        for folder in (self._predefined, self._recordings):
            if (found := await self._in_folder(folder, name)) is not None:
                return found
        found = await self._offered(_checked(name), viewer)
        if found is None:
            raise NoSuchFile(FILE, name)
        return found

    async def _in_folder(self, folder: FolderVoices | None, name: str) -> Chosen | None:
        taken = None if folder is None else await folder.take(_checked(name), voice=True)
        if taken is None:
            return None
        if taken.recording.seconds is None:
            raise UnsuitableName("Invalid reference audio: it cannot be decoded.", param="voice")
        if taken.voice is None:
            raise UnsuitableName(f"Invalid reference audio: it is shorter than {SECONDS[0]:g} s.", param="voice")
        return Chosen(taken.voice.id, taken.voice, is_cloned=True)

    async def _offered(self, name: str, viewer: Viewer) -> Chosen | None:
        """A voice of the library or of an engine, or of the hosted service or that system, for which one stands in."""
        if (stored := await self._stored(name, viewer)) is not None:
            return stored
        wanted = {name.casefold(), same_voice(name)}
        for each in await self._own(viewer):
            if wanted & {each.id.casefold(), each.name.casefold()}:
                return Chosen(each.id)
        if name.lower() in HOSTED:
            return Chosen(name.lower())
        hosted = stand_in(name)
        return None if hosted is None else Chosen(hosted, is_stand_in=True)

    async def _stored(self, name: str, viewer: Viewer) -> Chosen | None:
        found = await asyncio.to_thread(self._references.find, name, viewer)
        return None if found is None else Chosen(found.voice.id, is_cloned=not found.blend)

    async def _own(self, viewer: Viewer) -> list[Voice]:
        """The voices of the engines that `auto` takes, and blends of them."""
        names = (await self._engines.candidates("tts")).names
        offered = await self._engines.voices(*names, viewer=viewer) if names else []
        return [each.voice for each in offered if each.voice.reference is None]

    async def _library(self, viewer: Viewer, *, predefined: bool) -> list[str]:
        return await asyncio.to_thread(self._named, viewer, predefined=predefined)

    def _named(self, viewer: Viewer, *, predefined: bool) -> list[str]:
        """Names of recordings of the library that the viewer speaks with."""
        stored = (each for each in self._references.reached(viewer) if viewer.uses(each.owner, shared=each.shared))
        return sorted(
            each.name for each in stored if not each.is_blend and (PREDEFINED in each.card.tags) == predefined
        )


def _folder(path: str | None) -> FolderVoices | None:
    return None if path is None else FolderVoices(path, EXTENSIONS, SECONDS)


def _checked(name: str) -> str:
    """Raises UnsuitableName for a path."""
    if "/" in name or "\\" in name or name.startswith(".") or "\0" in name:
        raise UnsuitableName("The name of a voice is the name of a file, without folders.", param="voice")
    return name


def _title(name: str) -> str:
    """`emily_calm.wav` -> `Emily Calm`."""
    bare = stem(name) if extension(name) else name
    return " ".join(word.capitalize() for word in bare.replace("_", " ").replace("-", " ").split()) or bare
