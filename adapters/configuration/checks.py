"""Checks beyond the settings' own model: the engines that they name exist, and so do the files for TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adapters.configuration.exposure import exposures
from adapters.configuration.keys import KeyPath
from adapters.configuration.problems import Check, Problem, model_problems
from engines.registry import Registry
from stts.audio.watermark.weights import INSTALL, find_checkpoint
from stts.engine_api import Engine, EngineKind, STTEngine, TTSEngine, TurnEngine, VADEngine
from stts.engine_state import AUTO
from stts.http_address import is_http_address
from stts.settings import Settings
from stts.speaker_engine import SpeakerEngine

_KINDS: Mapping[EngineKind, type] = {
    "tts": TTSEngine,
    "stt": STTEngine,
    "vad": VADEngine,
    "turn": TurnEngine,
    "speaker": SpeakerEngine,
}
_OPTIONS: KeyPath = ("engines", "options")
_INSTANCES: KeyPath = ("engines", "instances")
NO_DETECTOR = "none"
"""Value of `conversation.turn_detector` and `stt.speakers` that names no engine."""


def operator_check(registry: Registry) -> Check:
    """Imports the modules of all engines, once; loads none of them."""
    engines = _NamedEngines(registry)

    def check(settings: Settings) -> Iterator[Problem]:
        yield from engines.wrong_names(settings)
        yield from engines.wrong_options(settings)
        yield from engines.wrong_voices(settings)
        yield from wrong_tls(("server",), settings.server.tls_certificate, settings.server.tls_key)
        yield from exposures(settings)
        yield from missing_pairs(settings)

    return check


class _NamedEngines:
    """The engines that can be named. Being registered is enough: a library that is missing may come later."""

    def __init__(self, registry: Registry) -> None:
        self._classes = {name: registry.engine_class(name) for name in registry.names()}

    def wrong_names(self, settings: Settings) -> Iterator[Problem]:
        tts, stt, openai = settings.tts, settings.stt, settings.openai
        classes = self._instances(settings)
        speaking, listening = _names(classes, "tts"), _names(classes, "stt")
        for name, instance in settings.engines.instances.items():
            yield from _wrong((*_INSTANCES, name, "engine"), [instance.engine], self._classes)
        yield from _wrong(("tts", "order"), tts.order, speaking)
        yield from _wrong_entries(("tts", "voices"), tts.voices, speaking)
        yield from _wrong_entries(("tts", "language_voices"), tts.language_voices, speaking)
        yield from _wrong(("stt", "order"), stt.order, listening)
        yield from _wrong(("stt", "vad"), [stt.vad], _names(classes, "vad", known_only=True))
        detectors = {NO_DETECTOR, *_names(classes, "turn")}
        yield from _wrong(("conversation", "turn_detector"), [settings.conversation.turn_detector], detectors)
        yield from _wrong(("stt", "speakers"), [stt.speakers], {NO_DETECTOR, *_names(classes, "speaker")})
        yield from _wrong(("engines", "preload"), settings.engines.preload, classes)
        yield from _wrong_entries(_OPTIONS, settings.engines.options, self._classes)
        for model, engine in openai.models.items():
            yield from _wrong(("openai", "models", model), [engine], {AUTO, *speaking, *listening})
        yield from _wrong_entries(("openai", "voices"), openai.voices, speaking)

    def wrong_options(self, settings: Settings) -> Iterator[Problem]:
        """Problems that the engines' own models find; also of engines without options, which may need some."""
        for name, engine in self._instances(settings).items():
            if engine is None:
                continue
            try:
                engine.Options.model_validate(settings.engines.instance(name).options)
            except ValidationError as error:
                path = (*_INSTANCES, name, "options") if name in settings.engines.instances else (*_OPTIONS, name)
                yield from model_problems(error, engine.Options, path)
            except Exception:  # noqa: BLE001 - a stranger's model: this engine is left out later, with a log line
                continue

    def wrong_voices(self, settings: Settings) -> Iterator[Problem]:
        """Default voices that an engine does not have. One that clones may know them as recordings."""
        classes = self._instances(settings)
        named: list[tuple[KeyPath, str, str]] = [
            (("tts", "voices", name), name, voice) for name, voice in settings.tts.voices.items()
        ]
        for name, by_language in settings.tts.language_voices.items():
            named += [(("tts", "language_voices", name, tag), name, voice) for tag, voice in by_language.items()]
        for path, name, voice in named:
            kind = classes.get(name)
            if (
                kind is not None
                and issubclass(kind, TTSEngine)
                and _lacks(kind, settings.engines.instance(name).options, voice)
            ):
                yield Problem(path, "this engine has no such voice", voice)

    def _instances(self, settings: Settings) -> dict[str, type[Engine] | None]:
        """Every name that a request may use, and the class of its engine, where that can be imported."""
        own = {name: each.engine for name, each in settings.engines.instances.items()}
        return {**self._classes, **{name: self._classes.get(engine) for name, engine in own.items()}}


def _names(classes: Mapping[str, type[Engine] | None], kind: EngineKind, *, known_only: bool = False) -> set[str]:
    """An engine whose module does not import may be of any kind: it costs the others nothing."""
    return {
        name
        for name, engine in classes.items()
        if (not known_only if engine is None else issubclass(engine, _KINDS[kind]))
    }


def _lacks(kind: type[TTSEngine], options: Mapping[str, Any], voice: str) -> bool:
    """False also where that cannot be known: the library may be missing, the options be wrong."""
    try:
        engine = kind(kind.Options.model_validate(options))
        return engine.installed() and not engine.info.abilities.cloning and engine.find_voice(voice) is None
    except Exception:  # noqa: BLE001 - a stranger's engine: left out later, with a log line
        return False


def _wrong(path: KeyPath, names: Iterable[str], allowed: Iterable[str]) -> Iterator[Problem]:
    return (_no_such(path, allowed, value=name) for name in names if name not in allowed)


def _wrong_entries(path: KeyPath, entries: Mapping[str, Any], allowed: Iterable[str]) -> Iterator[Problem]:
    return (_no_such((*path, name), allowed) for name in entries if name not in allowed)


def _no_such(path: KeyPath, allowed: Iterable[str], value: str | None = None) -> Problem:
    return Problem(path, "there is no such engine for this", value, tuple(sorted(allowed)))


def missing_pairs(settings: Settings) -> Iterator[Problem]:
    """Keys that another key makes no sense without."""
    reply, server, wyoming = settings.reply, settings.server, settings.wyoming
    base_url = (reply.base_url or "").strip()
    if reply.adapter == "openai" and not base_url:
        yield Problem(("reply", "base_url"), "must be set where reply.adapter is openai, as http://127.0.0.1:11434/v1")
    elif base_url and not is_http_address(base_url):
        yield Problem(
            ("reply", "base_url"), "must be http://HOST[:PORT]/v1 or https://..., as http://127.0.0.1:11434/v1"
        )
    url = settings.database.url
    if url is not None and url.get_secret_value().startswith("postgresql:") and find_spec("psycopg") is None:
        yield Problem(("database", "url"), "needs its driver: pip install -r requirements/postgresql.txt")
    marks, weights = settings.watermark.policy == "always", settings.watermark.weights
    if marks and find_checkpoint(weights) is None:
        needed = "the file that watermark.weights names" if weights else "its weights"
        yield Problem(("watermark", "policy"), f"needs {needed}: {INSTALL}")
    for section, address in (("limits", settings.limits.redis_url), ("cache", settings.cache.redis_url)):
        if address is not None and find_spec("redis") is None:
            yield Problem((section, "redis_url"), "needs its client: pip install -r requirements/redis.txt")
    if settings.telemetry.enabled and not has_telemetry():
        yield Problem(("telemetry", "enabled"), "needs packages: pip install -r requirements/telemetry.txt")
    if wyoming.enabled and wyoming.port == server.port != 0 and wyoming.host == server.host:
        yield Problem(("wyoming", "port"), "is server.port too; each needs a port of its own", wyoming.port)


def has_telemetry() -> bool:
    """True if the package that traces are written with is installed; imports nothing of it but its namespaces."""
    try:
        return find_spec("opentelemetry.proto") is not None
    except ModuleNotFoundError:
        return False


def wrong_tls(section: KeyPath, certificate: str | None, key: str | None) -> Iterator[Problem]:
    """Blocking: reads the certificate and its key, which stand in this section, as the server will."""
    files = {"tls_certificate": certificate, "tls_key": key}
    given = {field: name for field, name in files.items() if name is not None}
    unreadable = [problem for field, name in given.items() for problem in _unreadable((*section, field), name)]
    where = ".".join(section)
    if unreadable:
        yield from unreadable
    elif len(given) == 1:
        (field,) = given
        (missing,) = files.keys() - given
        said = f"needs {where}.{missing} beside it; where one file holds both, name it twice"
        yield Problem((*section, field), said)
    elif given and not _is_key_pair(given["tls_certificate"], given["tls_key"]):
        said = f"must be a PEM certificate chain whose private key is in {where}.tls_key, not encrypted"
        yield Problem((*section, "tls_certificate"), said, given["tls_certificate"])


def _unreadable(path: KeyPath, name: str) -> Iterator[Problem]:
    try:
        Path(name).open("rb").close()
    except OSError as error:
        yield Problem(path, f"cannot be read ({error.strerror})", name)
    except ValueError:
        yield Problem(path, "must be the name of a file")


def _is_key_pair(certificate: str, key: str) -> bool:
    try:
        # Without a password of ours OpenSSL would ask for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError):
        return False
    return True
