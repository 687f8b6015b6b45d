"""A start in the place of another system (`--as NAME --env-file FILE`): only its listener, from its own names."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from dotenv.parser import parse_stream

from adapters.configuration.keys import key_tree
from adapters.configuration.sources import Layer
from adapters.configuration.values import EMPTIED, Assignment, assignments
from engines.registry import Registry
from routers.listeners.lacking import lacking_engines
from routers.listeners.sections import overlaid
from routers.profile import Profile, Translated
from routers.profiles import PROFILES, find_profile
from stts.errors import InvalidConfiguration
from stts.settings import Settings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Replacement:
    """One system, as its environment file describes it."""

    profile: Profile
    layer: Layer
    """Over the rest of the configuration: this listener and no other."""
    unknown: tuple[str, ...]
    """Names of the file that nobody here understands."""
    notes: tuple[str, ...] = ()
    """Sentences about names of the file that have no effect here."""

    @property
    def name(self) -> str:
        """Name of its listener."""
        return self.profile.name


def replacement(name: str, file: str | None, address: Mapping[str, Any]) -> Replacement:
    """Blocking. `address`: what the command line says of host and port.

    Raises InvalidConfiguration for a name that is none, a file that cannot be read, and what the system would refuse.
    """
    if name not in PROFILES:
        raise InvalidConfiguration(f"--as {name}: there is no such system; known are {', '.join(sorted(PROFILES))}")
    profile = find_profile(name)
    translated = profile.read_environment({} if file is None else read_environment(Path(file)))
    said: Mapping[str, Any] = {"profile": name, **translated.listener}
    layer = _layer(name, translated, overlaid(said, {"enabled": True, **address}), file or f"--as {name}")
    return Replacement(profile, layer, translated.unknown, translated.notes)


def tell_unknown(replaced: Replacement) -> None:
    """Says which names of the file nobody understood or have no effect, on the terminal and in the log."""
    for note in replaced.notes:
        log.info("environment_without_effect", system=replaced.name, note=note)
        print(f"{replaced.profile.title}: {note}", file=sys.stderr)  # noqa: T201 - for the person there
    if replaced.unknown:
        names = ", ".join(replaced.unknown)
        log.warning("environment_not_understood", system=replaced.name, names=list(replaced.unknown))
        print(f"{replaced.profile.title}: not understood: {names}", file=sys.stderr)  # noqa: T201 - for the person there


def tell_lacking(replaced: Replacement, settings: Settings, registry: Registry) -> None:
    """Says which engines that it is started for are not installed, and by which command they are."""
    for sentence in lacking_engines(replaced.profile, settings, registry):
        log.warning("engine_not_installed", system=replaced.name, note=sentence)
        print(f"{replaced.profile.title}: {sentence}", file=sys.stderr)  # noqa: T201 - for the person there


def read_environment(path: Path) -> dict[str, str]:
    """The names and values of a file of `NAME=value` lines, as `.env`. Blocking; raises InvalidConfiguration."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except OSError as error:
        raise InvalidConfiguration(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(f"{path}: cannot be read as UTF-8 text") from error
    if wrong := next((binding for binding in bindings if binding.error), None):
        raise InvalidConfiguration(f"{path.name}, line {wrong.original.line}: is not NAME=VALUE")
    return {each.key: each.value for each in bindings if each.key is not None and each.value is not None}


def _layer(name: str, translated: Translated, section: Mapping[str, Any], place: str) -> Layer:
    root = key_tree(Settings)
    values = list(_assigned(translated.settings))
    values += [
        (("listeners",), EMPTIED),
        *assignments(root.child("listeners"), {name: section}, "more", ("listeners",)),
    ]
    return Layer("environment", tuple(values), {path: place for path, _ in values})


def _assigned(settings: Mapping[str, Any]) -> Iterator[Assignment]:
    root = key_tree(Settings)
    for section, values in settings.items():
        yield from assignments(root.child(section), values, "more", (section,))
