"""Voices of this server as Piper's clients know them: models, each with its speakers.

Where an engine has Piper's voices these are the models; where none has, all voices that `auto` could take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.catalogue import EngineCatalogue
from middleware.listener import OutputDefaults
from stts.engine_api import Voice
from stts.engine_state import AUTO
from stts.errors import InvalidParameter, UnknownModel

PIPER = "piper"
OF_SPEAKER = "#"
"""Stands in a voice's id before the name of one of its speakers."""
NO_NAME = re.compile(r"[^\w.+-]+")
"""Characters that do not stand in the name of a model, which is a part of paths and of file names."""
LISTED = 20
"""Most names that an error tells."""
DATASET = 1
"""The part of Piper's names that says whose voice it is: `en_US-joe-medium`."""


@dataclass(frozen=True, slots=True)
class Speaker:
    index: str
    id: str
    """Its name for people; requests may name it, too."""
    voice: str
    """The id of the voice, as the engine knows it."""


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    engine: str
    """The engine instance that speaks it."""
    voice: Voice
    speakers: tuple[Speaker, ...]

    def speaker(self, asked: str) -> Speaker:
        """By index or name. Raises InvalidParameter."""
        for each in self.speakers:
            if asked in (each.index, each.id):
                return each
        allowed = [each.index for each in self.speakers[:LISTED]]
        raise InvalidParameter("This model has no such speaker.", param="speaker_id", allowed=allowed)


Models = Mapping[str, Model]
"""By name, in the order of the engines and of their voices."""


class SpeechModels:
    """Made once; asks the engines each time, since voices come and go."""

    def __init__(self, engines: EngineCatalogue) -> None:
        self._engines = engines
        self._seen: Sequence[tuple[str, Sequence[Voice]]] = ()
        self._models: Models = {}

    async def all(self, output: OutputDefaults) -> Models:
        """The models of a listener: those of its engine, where it names one."""
        voices = [(name, self._engines.instance(name).engine.voices()) for name in await self._names(output.engine)]
        if voices != self._seen:
            self._seen, self._models = voices, _models(voices)
        return self._models

    async def find(self, name: str, output: OutputDefaults) -> Model:
        """Raises UnknownModel."""
        models = await self.all(output)
        if name not in models:
            raise UnknownModel(f"There is no such model. {told(models)}" if models else "There are no models here.")
        return models[name]

    async def default(self, output: OutputDefaults) -> Model:
        """The listener's voice, where it is here; else that of the first engine. Raises UnknownModel."""
        models = await self.all(output)
        if output.voice is not None and output.voice in models:
            return models[output.voice]
        if not models:
            raise UnknownModel("There are no models here.")
        first = next(iter(models.values()))
        own = self._engines.instance(first.engine).info.default_voice
        return next((each for each in models.values() if (each.engine, each.voice.id) == (first.engine, own)), first)

    def card(self, model: Model) -> str | None:
        """Words of its makers; reads them from the disk. None: there are none."""
        card: str | None = self._engines.instance(model.engine).engine.voice_card(model.voice)
        return card

    def licence(self, model: Model) -> str:
        return self._engines.instance(model.engine).info.licence

    async def _names(self, engine: str) -> list[str]:
        """Engine instances whose voices are the models."""
        if engine != AUTO:
            return [engine]
        usable = await self._engines.usable("tts")
        piper = [name for name in usable if self._engines.instance(name).engine_name == PIPER]
        return [name for name in piper if self._engines.instance(name).engine.voices()] or list(
            (await self._engines.candidates("tts")).names
        )


def told(models: Models) -> str:
    """The first of their names, and how many more there are."""
    told = f"Models: {', '.join([*models][:LISTED])}"
    more = len(models) - LISTED
    return f"{told}, and {more} more; GET /voices lists all." if more > 0 else f"{told}."


def _models(engines: Iterable[tuple[str, Sequence[Voice]]]) -> Models:
    models: dict[str, Model] = {}
    for engine, voices in engines:
        for model in _of_engine(engine, voices):
            # Of the same name counts the one that `auto` would take; the others are told apart by their engine.
            name = model.name if model.name not in models else f"{engine}-{model.name}"
            models.setdefault(name, Model(name, engine, model.voice, model.speakers))
    return models


def _of_engine(engine: str, voices: Sequence[Voice]) -> Iterator[Model]:
    speakers: dict[str, list[Speaker]] = {}
    for voice in voices:
        base, mark, name = voice.id.partition(OF_SPEAKER)
        if mark:
            several = speakers.setdefault(base, [])
            several.append(Speaker(str(len(several)), name, voice.id))
    for voice in voices:
        if OF_SPEAKER not in voice.id and (name := NO_NAME.sub("-", voice.id).strip("-.")):
            yield Model(name, engine, voice, tuple(speakers.get(voice.id) or [_only_speaker(voice)]))


def _only_speaker(voice: Voice) -> Speaker:
    parts = voice.id.split("-")
    return Speaker("0", parts[DATASET] if len(parts) == DATASET + 2 else voice.id, voice.id)
