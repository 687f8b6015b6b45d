"""Plain values, which is all that passes between the server and an engine, wherever the engine runs.

A worker may be another interpreter with other versions of this code and of its libraries, so no class travels: what
the engine interface passes as a dataclass or a model is a mapping of its fields on the way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from stts.engine_api import ListenParams, Segment, SpeechParams, Token, Voice, Word
from stts.errors import EngineError
from stts.spoken_words import Words, read_words

Value: TypeAlias = (
    bool | int | float | str | bytes | NDArray[np.generic] | Sequence["Value"] | Mapping[str, "Value"] | None
)
"""None, numbers, text, bytes, arrays, and lists and mappings of them."""

Fields = dict[str, Any]
LEAST_LOGPROB = -100.0
"""Logarithm of a probability that is as good as none."""
P = TypeVar("P", SpeechParams, ListenParams)


def voice_fields(voice: Voice) -> Fields:
    return _fields(voice)


def read_voice(values: Mapping[str, Any]) -> Voice:
    return Voice(**{**values, "languages": tuple(values["languages"]), "spells": tuple(values["spells"])})


def params_fields(params: SpeechParams | ListenParams) -> Fields:
    """The engine's own parameters are the fields of their model."""
    extra = params.extra
    return {**_fields(params), "extra": None if extra is None else extra.model_dump(mode="json", by_alias=True)}


def read_params(kind: type[P], parameters: type[BaseModel], values: Mapping[str, Any]) -> P:
    """The parameters again, the engine's own as an instance of its model."""
    extra = values["extra"]
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return kind(**{**values, **lists, "extra": None if extra is None else parameters.model_validate(extra)})


def segment_fields(segment: Segment) -> Fields:
    # Numbers, for each byte string would be a part of its own on the way to another process.
    likely = [{**_fields(token), "bytes": list(token.bytes)} for token in segment.likely]
    return {**_fields(segment), "words": [_fields(word) for word in segment.words], "likely": likely}


def read_segment(values: Mapping[str, Any]) -> Segment:
    """Raises EngineError for times that are no numbers; what else is none is unknown."""
    words = tuple(_read_word(word) for word in values["words"])
    likely = tuple(_read_token(token) for token in values.get("likely", ()))
    known = {name: _known(values[name]) for name in ("avg_logprob", "compression_ratio", "no_speech_prob")}
    start, end = _times(values)
    own = {"start": start, "end": end, "words": words, "tokens": tuple(values["tokens"]), "likely": likely}
    return Segment(**{**values, **known, **own})


def read_spoken_words(words: Any) -> Words:
    """Raises EngineError for what are none."""
    try:
        return read_words(words)
    except (TypeError, ValueError) as error:
        raise EngineError("The engine told times that are no numbers.") from error


def _read_word(values: Mapping[str, Any]) -> Word:
    start, end = _times(values)
    return Word(values["text"], start, end, _known(values["probability"]))


def _read_token(values: Mapping[str, Any]) -> Token:
    logprob = float(values["logprob"])
    # Below what any float network tells: no client could read infinity.
    return Token(values["text"], logprob if math.isfinite(logprob) else LEAST_LOGPROB, bytes(values["bytes"]))


def _times(values: Mapping[str, Any]) -> tuple[float, float]:
    start, end = float(values["start"]), float(values["end"])
    if not (math.isfinite(start) and math.isfinite(end)):
        raise EngineError("The engine told times that are no numbers.")
    return start, end


def _known(value: float | None) -> float | None:
    """None for what is no number: no client could read it."""
    return None if value is None or not math.isfinite(value) else float(value)


def _fields(value: Any) -> Fields:
    """The fields of a dataclass, not copied."""
    return {each.name: getattr(value, each.name) for each in fields(value)}
