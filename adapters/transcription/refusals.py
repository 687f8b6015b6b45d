"""Refusals of what another engine that listens may do: `auto` tells them of all the engines that it asked."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.descriptions import EngineDescription
from adapters.parameters import LISTED
from stts.engine_state import AUTO
from stts.errors import InvalidParameter

MULTILINGUAL = "`stts models pull whisper-base` brings a model that hears 99 languages and translates them."


def refusal_of_ears(
    refusal: InvalidParameter, asked: Iterable[str], engines: Iterable[EngineDescription]
) -> InvalidParameter:
    """The refusal of a language or of translation in words about all engines that `auto` asked, one or more.

    `asked`: their names; `engines`: all that listen.
    """
    names = set(asked)
    here = [each.info for each in engines if each.name in names]
    hint = "" if any(info.abilities.translation for info in here) else f" {MULTILINGUAL}"
    if refusal.param == "language":
        known = sorted({tag for info in here for tag in info.languages})
        return InvalidParameter(
            f"No engine that `auto` takes here understands this language.{hint}",
            param="language",
            allowed=[AUTO, *known][:LISTED],
        )
    if refusal.param == "task":
        return InvalidParameter(
            f"No engine that `auto` takes here translates.{hint}", param="task", allowed=["transcribe"]
        )
    return refusal
