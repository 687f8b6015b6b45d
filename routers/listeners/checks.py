"""Checks of the listeners that a configuration describes, before any of them is made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from itertools import combinations

from pydantic import ValidationError

from adapters.configuration.checks import operator_check, wrong_tls
from adapters.configuration.exposure import OPEN_ADDRESS, is_loopback
from adapters.configuration.keys import KeyPath
from adapters.configuration.problems import Check, Problem, model_problems
from engines.registry import Registry
from routers.dialects import COMPATIBLE, DIALECTS, find_dialect
from routers.listeners.sections import completed, security_of
from routers.profiles import PROFILES
from stts.engine_state import AUTO
from stts.settings import SecuritySettings, Settings
from stts.settings.listeners import ListenerSection

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
TAKEN_NAMES = frozenset({"default", "wyoming"})
"""Names of the listeners that the sections `server` and `wyoming` describe."""
WITH_TOKEN = frozenset({"batch-api"})
"""Dialects of systems that do not start without a key."""
NO_TOKEN = (
    "{dialect} needs a token: set {section}.api_key or {section}.keys, "
    "or {section}.allow_open: true if everybody may use it"
)
MAIN_PATHS = frozenset(
    {
        *(
            "admin",
            "analytics",
            "app",
            "assets",
            "cache",
            "config",
            "conversation",
            "docs",
            "engines",
            "files",
            "health",
        ),
        *("info", "jobs", "listeners", "me", "metrics", "model_card", "models", "ready", "static-offline-docs", "stt"),
        *("talk", "tts", "v1", "voices", "ws"),
    }
)
"""First parts of the paths of the main listener, which no prefix may hide."""


def whole_check(registry: Registry, *, has_main: bool = True) -> Check:
    """All that is checked at the start and at each change. `has_main`: False where the main listener does not start."""
    own = operator_check(registry)

    def check(settings: Settings) -> Iterator[Problem]:
        yield from own(settings)
        yield from listener_problems(settings, has_main=has_main)
        yield from _wrong_engines(settings, {AUTO, *registry.names(), *settings.engines.instances})

    return check


def _wrong_engines(settings: Settings, known: Set[str]) -> Iterator[Problem]:
    for name, section in settings.listeners.items():
        engine = section.output.engine
        if engine is not None and engine not in known:
            path = ("listeners", name, "output", "engine")
            yield Problem(path, "there is no such engine", engine, tuple(sorted(known)))


def listener_problems(settings: Settings, *, has_main: bool = True) -> Iterator[Problem]:
    """Blocking: reads certificates, and imports the dialects and profiles that are named."""
    found = {}
    for name, section in settings.listeners.items():
        problems = [*_name_problems(name), *_wrong_names(("listeners", name), section)]
        yield from problems
        if not problems:
            whole = completed(section)
            found[name] = whole
            yield from _section_problems(("listeners", name), section, whole, settings)
    yield from _shared_addresses(found, settings, has_main=has_main)


def _name_problems(name: str) -> Iterator[Problem]:
    if not NAME.fullmatch(name):
        yield Problem(("listeners", name), "a listener's name is of lower-case letters, digits, - and _, at most 40")
    elif name in TAKEN_NAMES:
        yield Problem(("listeners", name), "this is the name of a listener that has a section of its own")


def _wrong_names(path: KeyPath, section: ListenerSection) -> Iterator[Problem]:
    if section.profile is not None and section.profile not in PROFILES:
        yield Problem((*path, "profile"), "there is no such profile", section.profile, tuple(sorted(PROFILES)))
    known = {*DIALECTS, *COMPATIBLE}
    for dialect in section.dialects:
        if dialect not in known:
            yield Problem((*path, "dialects"), "there is no such dialect", dialect, tuple(sorted(known)))
    if section.profile is None and not section.dialects:
        yield Problem(path, "names neither dialects nor a profile, so nothing would be spoken there")


def _section_problems(
    path: KeyPath, section: ListenerSection, whole: ListenerSection, settings: Settings
) -> Iterator[Problem]:
    yield from _address_problems(path, section, whole)
    yield from wrong_tls(path, whole.tls_certificate, whole.tls_key)
    yield from _wrong_options(path, whole)
    try:
        security = security_of(whole, settings)
    except ValidationError as error:
        yield from model_problems(error, SecuritySettings, (*path, "security"))
        return
    if security.keys and not settings.security.keys:
        yield Problem((*path, "security", "keys"), "needs security.keys: true, which opens the database of keys")
    for dialect in () if security.wants_key or security.allow_open else WITH_TOKEN & {*whole.dialects}:
        said = NO_TOKEN.format(dialect=dialect, section=".".join((*path, "security")))
        yield Problem((*path, "security", "api_key"), said)
    host = settings.server.host if whole.path is not None else whole.host or settings.server.host
    if not (security.wants_key or security.allow_open or is_loopback(host)):
        yield Problem((*path, "host"), OPEN_ADDRESS.format(section=".".join((*path, "security"))), host)


def _address_problems(path: KeyPath, section: ListenerSection, whole: ListenerSection) -> Iterator[Problem]:
    if whole.path is None:
        if whole.port is None:
            yield Problem((*path, "port"), "needs a port, or a path on the main listener's address")
        return
    for field in ("host", "port", "tls_certificate", "tls_key"):
        if getattr(section, field) is not None:
            said = (
                "belongs to an address of its own; a listener with a path is at that of the main one: take one of both"
            )
            yield Problem((*path, field), said)
    first = whole.path.split("/")[1]
    if first in MAIN_PATHS:
        yield Problem((*path, "path"), f"the main listener has routes below /{first} itself", whole.path)


def _wrong_options(path: KeyPath, whole: ListenerSection) -> Iterator[Problem]:
    if not whole.options:
        # A dialect is imported when its first request comes: all of its options have defaults.
        return
    with_options = {name: options for name in whole.dialects if (options := find_dialect(name).options) is not None}
    if len(with_options) > 1:
        said = f"both {' and '.join(with_options)} have options of their own: give each a listener"
        yield Problem((*path, "dialects"), said)
    for options in with_options.values():
        try:
            options.model_validate(whole.options)
        except ValidationError as error:
            yield from model_problems(error, options, (*path, "options"))
    if not with_options:
        yield Problem((*path, "options"), f"{', '.join(whole.dialects)} has no options")


def _shared_addresses(found: Mapping[str, ListenerSection], settings: Settings, *, has_main: bool) -> Iterator[Problem]:
    """Two that would listen at one address."""
    server, wyoming = settings.server, settings.wyoming
    addresses: dict[KeyPath, tuple[str, int]] = {("server",): (server.host, server.port)} if has_main else {}
    if has_main and wyoming.enabled:
        addresses["wyoming",] = (wyoming.host, wyoming.port)
    on = {name: section for name, section in found.items() if section.enabled}
    for name, section in on.items():
        if section.path is None:
            addresses["listeners", name] = (section.host or server.host, section.port or 0)
    for one, other in combinations(addresses, 2):
        if other[0] == "listeners" and _is_same(addresses[one], addresses[other]):
            said = f"{'.'.join(one)} listens there too; each needs an address of its own"
            yield Problem((*other, "port"), said, addresses[other][1])
    paths = {name: section.path for name, section in on.items() if section.path is not None}
    for first, second in combinations(paths, 2):
        if f"{paths[first]}/".startswith(f"{paths[second]}/") or f"{paths[second]}/".startswith(f"{paths[first]}/"):
            said = f"{paths[first]} is that of listeners.{first}; no path may begin with another's"
            yield Problem(("listeners", second, "path"), said, paths[second])


def _is_same(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """True also where one of both listens at every address. Port 0 is any that is free."""
    hosts = {one[0], other[0]}
    return one[1] == other[1] != 0 and (len(hosts) == 1 or bool(hosts & {"0.0.0.0", "::"}))
