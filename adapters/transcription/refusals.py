"""Refusals of what another engine that listens may do: each says who does it here, or what would bring one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.descriptions import EngineDescription
from adapters.parameters import LISTED
from stts.engine_api import EngineInfo
from stts.engine_state import AUTO
from stts.errors import InvalidParameter
from stts.languages import best_match
from stts.transcription import TranscriptionConfig

MULTILINGUAL = "`stts models pull whisper-base` brings a model that hears 99 languages and translates them."
WORD_TIMES = "`faster_whisper` and `whisper` tell them."
LANGUAGE_FIELDS = ("language", "languages")


def refusal_of_ears(
    refusal: InvalidParameter,
    config: TranscriptionConfig,
    asked: Iterable[str],
    others: Sequence[str],
    engines: Iterable[EngineDescription],
    *,
    named: bool = False,
) -> InvalidParameter:
    """The refusal in words about all engines that were asked, with what to do next.

    `asked`: their names; `named`: the request names its engine, which speaks for itself; `others`: those that `auto`
    may take; `engines`: all that listen.
    """
    infos = {each.name: each.info for each in engines}
    here = [infos[name] for name in asked if name in infos]
    able = [name for name in others if name in infos and _can(infos[name], config, refusal.param)]
    advice = _advice(refusal.param, able, [*here, *(infos[name] for name in others if name in infos)])
    if advice is None:
        return refusal
    if refusal.param in LANGUAGE_FIELDS and not named:
        these = "this language" if refusal.param == "language" else "any of these languages"
        known = sorted({tag for info in here for tag in info.languages})
        first = [AUTO] if refusal.param == "language" else []
        return InvalidParameter(
            f"No engine that `auto` takes here understands {these}.{advice}",
            param=refusal.param,
            allowed=[*first, *known][:LISTED],
        )
    words = refusal.message if named or refusal.param != "task" else "No engine that `auto` takes here translates."
    return InvalidParameter(f"{words}{advice}", param=refusal.param, allowed=refusal.allowed)


def _advice(param: str | None, able: Sequence[str], here: Sequence[EngineInfo]) -> str | None:
    """The end of a refusal, which says what to do next; None: this one is about something else."""
    if param not in (*LANGUAGE_FIELDS, "task", "word_timestamps"):
        return None
    if able:
        return f" `{able[0]}` does, and so `{AUTO}`."
    if param == "word_timestamps":
        return f" {WORD_TIMES}"
    # Where such a model is here, it does not know the language either.
    return "" if any(info.abilities.translation for info in here) else f" {MULTILINGUAL}"


def _can(info: EngineInfo, config: TranscriptionConfig, param: str | None) -> bool:
    if param == "task":
        return info.abilities.translation
    if param == "word_timestamps":
        return info.abilities.word_times
    wanted = (config.language,) if config.language is not None else config.languages
    return any(best_match(each, info.languages) for each in wanted)
