"""The voice that is chosen, as fields of a request; recordings of the folder become voices of the server first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from clients.desktop.model.catalogue import REFERENCE
from clients.desktop.model.parameters import Parameter, wishes
from clients.desktop.model.references import FOLDER, digest, looked_at
from clients.desktop.model.server import ServerFailed, SpeechServer
from clients.desktop.model.settings import Settings
from clients.desktop.model.speaking import Utterance
from clients.desktop.sentences import Sentence


def utterance(
    text: str,
    settings: Settings,
    known: Mapping[str, tuple[Parameter, ...]],
    cloned: Callable[[str, str], None],
) -> Utterance:
    """The request that these settings make. `cloned` is told of a recording that has become a voice, to be kept."""
    fields: dict[str, Any] = {}
    if settings.language:
        fields["language"] = settings.language
    if settings.speed != 1.0:
        fields["speed"] = settings.speed
    if settings.pitch:
        fields["pitch"] = settings.pitch
    if settings.voice.startswith(REFERENCE):
        path = settings.place / FOLDER / settings.voice.removeprefix(REFERENCE)
        return Utterance(text, fields, prepare=_of_recording(path, settings, cloned))
    engine, _, voice = settings.voice.partition("/")
    if engine and voice:
        fields |= {"engine": engine, "voice": voice}
        fields |= wishes(settings.parameters.get(engine, {}), known.get(engine, ()))
    return Utterance(text, fields)


def _of_recording(
    path: Path, settings: Settings, cloned: Callable[[str, str], None]
) -> Callable[[SpeechServer], Awaitable[Mapping[str, Any]]]:
    async def prepare(server: SpeechServer) -> Mapping[str, Any]:
        reference = await asyncio.to_thread(looked_at, path)
        if not reference.valid:
            raise ServerFailed(Sentence("reference_unfit", name=path.name, problem=reference.problem))
        mark = f"{await asyncio.to_thread(digest, path)} {server.url}"
        if (made := settings.clones.get(mark)) and await server.has_voice(made):
            return {"voice": made}
        voice = await server.clone(path.name, await asyncio.to_thread(path.read_bytes))
        cloned(mark, voice)
        return {"voice": voice}

    return prepare
