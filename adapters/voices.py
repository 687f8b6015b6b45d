"""From what a request asks to what an engine is given: its voice, its language, its own parameters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from stts.engine_api import EngineInfo, SpeechParams, TTSEngine, Voice
from stts.errors import InvalidParameter, UnknownVoice
from stts.languages import best_match
from stts.types import SynthesisConfig

LISTED_VOICES = 20
"""Voices that an error names as allowed; the full list is at /voices."""

ReferenceVoices = Callable[[str], Voice | None]
"""Finds a stored reference recording by name or id. Blocking."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """One request as the engine is given it."""

    voice: Voice
    params: SpeechParams
    remaining_speed: float
    """What is left of the speed factor for the effects, the engine having done its part."""


async def resolve_speaking(
    engine: TTSEngine,
    config: SynthesisConfig,
    *,
    default_voice: str | None,
    references: ReferenceVoices,
) -> Speaking:
    """Raises UnknownVoice and InvalidParameter for what this engine cannot do."""
    info = engine.info
    check_language(info, config.language)
    voice = await _voice(engine, config, default_voice, references)
    low, high = info.abilities.speed or (1.0, 1.0)
    own_speed = config.speed if low <= config.speed <= high else 1.0
    params = SpeechParams(
        language=config.language,
        speed=own_speed,
        seed=config.seed,
        extra=validated(engine.Parameters, config.parameters, ignore_unknown=config.ignore_unknown_parameters),
    )
    return Speaking(voice, params, config.speed / own_speed)


def check_language(info: EngineInfo, language: str | None) -> None:
    """Raises InvalidParameter unless the engine speaks or understands the language."""
    if language is not None and info.languages and best_match(language, info.languages) is None:
        allowed = sorted(info.languages) if len(info.languages) <= LISTED_VOICES else None
        raise InvalidParameter(f"{info.name} does not know this language.", param="language", allowed=allowed)


def spoken_language(info: EngineInfo, wanted: str | None, voice: Voice) -> str | None:
    """The engine's own tag for what is spoken: never a client's string, for it becomes a label."""
    if wanted is not None and (known := best_match(wanted, info.languages)) is not None:
        return known
    return next(iter(voice.languages), None)


def validated(model: type[BaseModel], values: Mapping[str, Any], *, ignore_unknown: bool) -> BaseModel:
    """The engine's own parameters as its model. Raises InvalidParameter naming the field and what it may be."""
    if ignore_unknown:
        values = {name: value for name, value in values.items() if name in model.model_fields}
    for name in values:
        if name not in model.model_fields:
            raise InvalidParameter("This engine has no such parameter.", param=name[:64], allowed=[*model.model_fields])
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise InvalidParameter(f"{first['msg']}.", param=".".join(str(part) for part in first["loc"])) from None


async def _voice(engine: TTSEngine, config: SynthesisConfig, default: str | None, references: ReferenceVoices) -> Voice:
    info = engine.info
    if config.voice is None:
        return _default_voice(engine, config.language, default)
    known = engine.find_voice(config.voice)
    if known is None and info.abilities.cloning:
        known = await asyncio.to_thread(references, config.voice)
    if known is None:
        ids = [voice.id for voice in info.voices]
        raise UnknownVoice(
            f"{info.name} has no such voice; the list of voices has all {len(ids)}.",
            param="voice",
            allowed=ids[:LISTED_VOICES],
        )
    return known


def _default_voice(engine: TTSEngine, language: str | None, default: str | None) -> Voice:
    info = engine.info
    wanted = default or info.default_voice
    preferred = engine.find_voice(wanted) if wanted else None
    if default and preferred is None:
        raise UnknownVoice(f"tts.voices names a voice that {info.name} does not have.", param="voice")
    if preferred is not None and speaks(preferred, language):
        return preferred
    voices = [voice for voice in info.voices if speaks(voice, language)]
    if not voices:
        raise UnknownVoice(f"{info.name} has no voice of its own for this; name a reference recording.", param="voice")
    if language is None:
        return voices[0]
    exact = best_match(language, [tag for voice in voices for tag in voice.languages])
    return next((voice for voice in voices if exact in voice.languages), voices[0])


def speaks(voice: Voice, language: str | None) -> bool:
    """Whether a voice fits a language; one that names no languages fits all of its engine's."""
    return language is None or not voice.languages or best_match(language, voice.languages) is not None
