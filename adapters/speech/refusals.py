"""Refusals of voices that another engine may have: `auto` tells them of all the engines that it asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from adapters.descriptions import EngineDescription
from stts.errors import UnknownVoice
from stts.languages import nearest
from stts.voice_names import HOSTED

Ability = Literal["cloning", "blending"]
_DOES = {"cloning": "clones voices", "blending": "blends voices"}
_IS = {"cloning": "a recording to be cloned", "blending": "a blend"}


class LacksAbility(UnknownVoice):
    """There is such a voice, but the engine cannot speak with any of its kind."""

    def __init__(self, message: str, ability: Ability) -> None:
        super().__init__(message, param="voice")
        self.ability: Ability = ability


class NoSuchVoice(UnknownVoice):
    """Neither the engine nor the library has it."""

    is_in_no_list = True


def refusal_of_all(
    refusal: LacksAbility | NoSuchVoice, name: str, asked: Iterable[str], engines: Iterable[EngineDescription]
) -> UnknownVoice:
    """The refusal in words about all engines that `auto` asked, and none but the last of which was named.

    `asked`: their names; `engines`: all that speak, installed or not.
    """
    engines, asked = list(engines), set(asked)
    if isinstance(refusal, NoSuchVoice):
        return _unknown(name, [each for each in engines if each.name in asked])
    able = [each for each in engines if getattr(each.info.abilities, refusal.ability)]
    if any(each.name in asked for each in able):
        return refusal
    does, what = _DOES[refusal.ability], _IS[refusal.ability]
    if here := [each.name for each in able if each.installed]:
        return UnknownVoice(
            f"This voice is {what}. No engine that `auto` takes here {does}; name one that does as `engine`: "
            f"{', '.join(here)}.",
            param="voice",
        )
    brought = ", ".join(f"`stts engines install {each.name}`" for each in able)
    hint = f": {brought}." if able else "."
    return UnknownVoice(f"This voice is {what}. No engine installed here {does}{hint}", param="voice")


def _unknown(name: str, engines: Iterable[EngineDescription]) -> UnknownVoice:
    voices = [voice for each in engines for voice in each.voices]
    near = nearest(name, [*(each.id for each in voices), *HOSTED, *(each.name for each in voices if each.name)])
    hint = f" Near it are: {', '.join(near)}." if near else ""
    return NoSuchVoice(f"No engine that `auto` takes here has this voice, nor has the library.{hint}", param="voice")
