"""Engines in TTSKit's environment: `ENGINE_ROUTING=en:edge,fa:piper`, `TTS_POLICY_FA=edge,piper`, `TTS_ENGINE=edge`.

Each becomes rules of this server's routing (`routing.rules`), of which the first that fits counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from engines.registry import BUILTIN
from stts.engine_state import AUTO
from stts.errors import InvalidConfiguration
from stts.languages import is_known, read_language

Rule = dict[str, Any]
WRITTEN = "ENGINE_ROUTING: is written as en:edge,fa:piper"


def routing_rules(text: str | None, without: Collection[str]) -> list[Rule]:
    """A rule for each language, in which engines that are named for it stand in their order."""
    named: dict[str, list[str]] = {}
    for entry in (text or "").split(","):
        if not entry.strip():
            continue
        language, colon, engine = (part.strip() for part in entry.partition(":"))
        if not colon or not engine:
            raise InvalidConfiguration(WRITTEN, param="ENGINE_ROUTING")
        named.setdefault(_language(language, "ENGINE_ROUTING"), []).append(engine)
    return [
        rule
        for language, engines in named.items()
        for rule in _rules(engines, without, "ENGINE_ROUTING", languages=[language])
    ]


def policy_rules(by_language: Mapping[str, str], without: Collection[str]) -> list[Rule]:
    """A rule for each language whose policy names engines between commas."""
    return [
        rule
        for language, engines in by_language.items()
        for rule in _rules(engines.split(","), without, f"TTS_POLICY_{language.upper()}", languages=[language])
    ]


def default_rule(engine: str | None, without: Collection[str]) -> list[Rule]:
    """A rule for what no other is about; none where any engine will do."""
    return [] if engine is None or engine.lower() == AUTO else _rules([engine], without, "TTS_ENGINE")


def _rules(engines: Iterable[str], without: Collection[str], param: str, **conditions: Any) -> list[Rule]:
    """One rule, or none where it names nobody. Raises InvalidConfiguration for what is no engine."""
    names = list(dict.fromkeys(each.strip().lower() for each in engines if each.strip()))
    for name in names:
        if name not in BUILTIN:
            raise InvalidConfiguration(f"{param}: there is no engine {name!r} here", param=param)
    wanted = [name for name in names if name not in without]
    return [{"kind": "tts", **conditions, "engines": wanted}] if wanted else []


def _language(text: str, param: str) -> str:
    tag = read_language(text)
    if not isinstance(tag, str) or not is_known(tag):
        raise InvalidConfiguration(f"{param}: {text!r} is no language", param=param)
    return tag
