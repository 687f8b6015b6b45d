"""Engines that a start in the place of another system is meant for, and that are not installed here."""

from __future__ import annotations

from collections.abc import Iterator

from engines.registry import Registry
from routers.profile import Profile
from stts.engine_api import Engine, TTSEngine
from stts.errors import STTSError
from stts.settings import Settings


def lacking_engines(profile: Profile, settings: Settings, registry: Registry) -> Iterator[str]:
    """A sentence for each that the listener, a rule or a voice names; and one where nothing clones that should."""
    named = [settings.listeners[profile.name].output.engine] if profile.name in settings.listeners else []
    named += [name for rule in settings.routing.rules for name in rule.engines]
    named += settings.tts.language_voices
    for name in dict.fromkeys(named):
        engine = None if name is None else _made(registry, name, settings)
        if engine is not None and not engine.installed() and engine.info.install:
            yield f"{name} is not installed, so others speak in its place: {engine.info.install}"
    if profile.clones and not any(_clones(engine) for engine in _all(registry, settings)):
        cloner = _made(registry, profile.clones, settings)
        command = f": {cloner.info.install}" if cloner is not None else ""
        yield f"no engine that clones is installed, so another voice speaks for each recording{command}"


def _all(registry: Registry, settings: Settings) -> Iterator[Engine | None]:
    for name in {*registry.names(), *settings.engines.instances}:
        yield _made(registry, name, settings)


def _clones(engine: Engine | None) -> bool:
    return isinstance(engine, TTSEngine) and engine.info.abilities.cloning and engine.installed()


def _made(registry: Registry, name: str, settings: Settings) -> Engine | None:
    """The engine, with nothing loaded; None where there is none of the name, or it cannot be made."""
    instance = settings.engines.instance(name)
    if registry.engine_class(instance.engine) is None:
        return None
    try:
        return registry.create(instance.engine, instance.options)
    except STTSError:
        return None
