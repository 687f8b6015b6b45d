"""Names by which requests call an engine: its own in any case, and hosted models by `openai.models`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stts.engine_api import EngineKind
from stts.engine_state import AUTO
from stts.errors import UnknownEngine
from stts.languages import nearest

HOSTED_KINDS: dict[str, EngineKind] = {"tts": "tts", "kokoro": "tts", "whisper": "stt", "transcribe": "stt"}
"""Part of a hosted name -> kind of engine, for names that are mapped to `auto`."""


def engine_named(name: str, known: Collection[str], hosted: Mapping[str, str], kind: EngineKind) -> str:
    """One of `known`, or `auto`. Raises UnknownEngine.

    `known`: engines of the kind. `hosted`: hosted model -> engine; it comes second, so that no engine is hidden.
    """
    lower = name.lower()
    for each in (name, lower, lower.replace("-", "_")):
        if each in known or each == AUTO:
            return each
    mapped = hosted.get(name) or hosted.get(lower)
    if mapped is not None and (mapped in known or (mapped == AUTO and may_do(lower, kind))):
        return mapped
    near = nearest(name, known)
    hint = f" Near it is {near[0]}." if near else ""
    raise UnknownEngine(f"There is no such engine for this.{hint}", param="engine", allowed=[AUTO, *sorted(known)])


def may_do(model: str, kind: EngineKind) -> bool:
    """True if a hosted model that is mapped to `auto` does this; a name that says nothing may do anything."""
    kinds = {each for part, each in HOSTED_KINDS.items() if part in model}
    return not kinds or kind in kinds
