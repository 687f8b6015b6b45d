"""Routing rules: which engines a request gets, in which order. Pure: settings and facts in, names out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from stts.access.permission import EVERYTHING, Permission
from stts.context import Priority
from stts.engine_api import EngineKind
from stts.languages import same_language
from stts.settings.routing import Role, RoutingRule

ROLES: dict[Priority, Role] = {
    Priority.REALTIME: "realtime",
    Priority.STREAM: "stream",
    Priority.COLLECTED: "collected",
    Priority.BATCH: "batch",
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """A request as far as routing sees it. None: it is not known (yet), and a rule about it does not fit."""

    kind: EngineKind
    role: Role = "stream"
    language: str | None = None
    """BCP 47, asked for or found."""
    script: str | None = None
    """Main script of the text."""
    voice: str | None = None
    characters: int | None = None
    permission: Permission = EVERYTHING
    """The engines that the caller may use."""


def first_fitting(rules: Iterable[RoutingRule], occasion: Occasion) -> RoutingRule | None:
    return next((rule for rule in rules if fits(rule, occasion)), None)


def fits(rule: RoutingRule, occasion: Occasion) -> bool:
    """True if the occasion meets all conditions of the rule."""
    language, voice = occasion.language, occasion.voice
    return (
        rule.kind == occasion.kind
        and (not rule.roles or occasion.role in rule.roles)
        and (not rule.languages or (language is not None and any(_covers(each, language) for each in rule.languages)))
        and (not rule.scripts or occasion.script in rule.scripts)
        and (not rule.voices or (voice is not None and any(fnmatchcase(voice, each) for each in rule.voices)))
        and _long_enough(rule, occasion.characters)
    )


def ordered(rule: RoutingRule, default: Sequence[str]) -> tuple[str, ...]:
    """The engines of a rule, those of its weights behind them, then the others of the default order."""
    others = () if rule.only else default
    return tuple(dict.fromkeys((*rule.engines, *rule.weights, *others)))


def reads_text(rules: Iterable[RoutingRule]) -> bool:
    """True if a rule depends on the text itself, so that the choice may differ from text to text."""
    return any(
        rule.scripts or rule.languages or rule.min_characters or rule.max_characters is not None for rule in rules
    )


def _covers(tag: str, language: str) -> bool:
    """A tag without a region covers all regions."""
    return tag.lower() == language.lower() or ("-" not in tag and same_language(tag, language))


def _long_enough(rule: RoutingRule, characters: int | None) -> bool:
    if not rule.min_characters and rule.max_characters is None:
        return True
    if characters is None:
        return False
    return rule.min_characters <= characters and (rule.max_characters is None or characters <= rule.max_characters)
