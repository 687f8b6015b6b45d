"""TTSKit's environment file, in terms of this server's configuration. Names may begin with `TTSKIT_`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from routers.compat.ttskit.engine_names import default_rule, policy_rules, routing_rules
from routers.compat.ttskit.schemas import FORMATS
from routers.foreign_environment import ForeignEnvironment
from routers.profile import Translated
from stts.errors import InvalidConfiguration
from stts.languages import read_language

PREFIX = "TTSKIT_"
HOUR_SECONDS = 3600.0
ANY_RATE = 1_000_000
"""Requests a minute that nobody sends."""
LEVELS = {"critical": "error"}
EDGE_VOICE, POLICY = "EDGE_VOICE_", "TTS_POLICY_"
NETWORK_ENGINES = frozenset({"edge", "gtts"})
ADMIN, READERS = "admin", "readonly_"
SINGLE_KEY = "demo-user"
"""The user whom TTSKit takes the holder of API_KEY for."""

BOT = (
    *("BOT_TOKEN", "TEST_BOT_TOKEN", "TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_DRIVER", "TELEGRAM_ADAPTER"),
    *("SUDO_USERS", "SESSION_PATH", "RATE_LIMIT_RPM", "RATE_LIMIT_WINDOW", "RATE_LIMIT_BLOCK_DURATION"),
)
"""Names of its Telegram bot, a program of its own."""
DATABASE = (
    *("DATABASE_URL", "DATABASE_PATH", "DATABASE_ECHO", "DATABASE_POOL_SIZE", "DATABASE_MAX_OVERFLOW", "DATA_PATH"),
)
WITHOUT_COUNTERPART = (
    *("AUDIO_BITRATE", "DEFAULT_BITRATE", "TEMP_DIR_PREFIX", "HEALTH_CHECK_INTERVAL", "HEALTH_CHECK_TIMEOUT"),
    *("VERSION", "USE_API", "API_BASE_URL", "API_TIMEOUT", "PIPER_USE_CUDA", "PIPER_USE_MPS"),
)


def read_environment(variables: Mapping[str, str]) -> Translated:
    """Raises InvalidConfiguration for values that TTSKit would refuse too."""
    read = ForeignEnvironment(_without_prefix(variables))
    listener: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    _address(read, listener)
    _output(read, listener)
    _security(read, listener, settings)
    _limits(read, listener)
    _cache(read, listener, settings)
    _engines(read, variables, settings)
    if (level := read.text("LOG_LEVEL")) is not None:
        settings["logging"] = {"level": LEVELS.get(level.lower(), level.lower())}
    notes = _notes(read)
    return Translated(listener=listener, settings=settings, unknown=read.unknown, notes=notes)


def _without_prefix(variables: Mapping[str, str]) -> dict[str, str]:
    """A name with the prefix goes before the same one without."""
    plain = {name: value for name, value in variables.items() if not name.upper().startswith(PREFIX)}
    long = {name[len(PREFIX) :]: value for name, value in variables.items() if name.upper().startswith(PREFIX)}
    taken = {name.upper() for name in long}
    return {name: value for name, value in plain.items() if name.upper() not in taken} | long


def _address(read: ForeignEnvironment, listener: dict[str, Any]) -> None:
    if (host := read.text("API_HOST")) is not None:
        listener["host"] = host
    if (port := read.whole_number("API_PORT", least=1)) is not None:
        listener["port"] = port


def _output(read: ForeignEnvironment, listener: dict[str, Any]) -> None:
    output: dict[str, Any] = {}
    if (language := read_language(read.text("DEFAULT_LANG"))) is not None:
        output["language"] = language
    if (name := read.text("DEFAULT_FORMAT")) is not None:
        formats = {format: codec for format, codec in FORMATS.items() if format == name.lower()}
        if not formats:
            raise InvalidConfiguration(f"DEFAULT_FORMAT: must be one of {', '.join(FORMATS)}", param="DEFAULT_FORMAT")
        output["format"] = next(iter(formats.values()))
    # Both are read, so that neither is told as one that is not understood.
    rates = [read.whole_number(name, least=8000) for name in ("AUDIO_SAMPLE_RATE", "DEFAULT_SAMPLE_RATE")]
    if (rate := next((each for each in rates if each is not None), None)) is not None:
        output["sample_rate"] = rate
    lengths = [read.whole_number(name, least=1) for name in ("MAX_CHARS", "MAX_TEXT_LENGTH")]
    if (length := min((each for each in lengths if each is not None), default=None)) is not None:
        output["text_characters"] = length
    if output:
        listener["output"] = output
    if (channels := read.whole_number("AUDIO_CHANNELS", least=1)) is not None:
        listener["options"] = {"channels": channels}


def _security(read: ForeignEnvironment, listener: dict[str, Any], settings: dict[str, Any]) -> None:
    named, wanted = _named_keys(read), read.flag("ENABLE_AUTH")
    security: dict[str, Any] = {}
    if wanted:
        # Keys that are made by its routes are kept in the database of keys.
        security |= {"keys": True, "named_keys": named}
        settings["security"] = {"keys": True, "named_keys": named}
    for name, key in (("CORS_ORIGINS", "allowed_origins"), ("ALLOWED_HOSTS", "allowed_hosts")):
        if entries := read.texts(name):
            security[key] = entries
    if security:
        listener["security"] = security


def _named_keys(read: ForeignEnvironment) -> dict[str, dict[str, str]]:
    text = read.text("API_KEYS")
    try:
        keys = {} if text is None else json.loads(text)
    except ValueError:
        keys = None
    if not isinstance(keys, dict) or not all(isinstance(key, str) and key for key in keys.values()):
        raise InvalidConfiguration('API_KEYS: is written as {"user": "key", ...}', param="API_KEYS")
    if (single := read.text("API_KEY")) is not None and single not in keys.values():
        keys[SINGLE_KEY] = single
    return {user: {"key": key, "role": _role(user)} for user, key in keys.items()}


def _role(user: str) -> str:
    return "admin" if user == ADMIN else "read" if user.startswith(READERS) else "write"


def _limits(read: ForeignEnvironment, listener: dict[str, Any]) -> None:
    rate = read.whole_number("API_RATE_LIMIT", least=1)
    if read.flag("ENABLE_RATE_LIMITING", "RATE_LIMITING") is False:
        rate = ANY_RATE
    if rate is not None:
        listener["limits"] = {"requests_per_minute": rate}


def _cache(read: ForeignEnvironment, listener: dict[str, Any], settings: dict[str, Any]) -> None:
    flags = [read.flag(name) for name in ("ENABLE_CACHING", "CACHE_ENABLED")]
    if (wanted := False if False in flags else next((each for each in flags if each is not None), None)) is not None:
        settings["cache"] = {"enabled": wanted}
    if (seconds := read.number("CACHE_TTL")) is not None:
        listener["cache_hours"] = seconds / HOUR_SECONDS
    if (url := read.text("REDIS_URL")) is not None and wanted is not False:
        settings.setdefault("cache", {})["redis_url"] = url
        settings["limits"] = {"redis_url": url}


def _engines(read: ForeignEnvironment, variables: Mapping[str, str], settings: dict[str, Any]) -> None:
    only = read.flag("FALLBACK_ENABLED") is False
    without = {"piper"} if read.flag("PIPER_ENABLED") is False else set()
    rules = [
        *routing_rules(read.text("ENGINE_ROUTING"), without),
        *policy_rules(_by_language(read, variables, POLICY), without),
        *default_rule(read.text("TTS_ENGINE", "TTS_DEFAULT", "DEFAULT_ENGINE"), without),
    ]
    for name in ("TTS_DEFAULT", "DEFAULT_ENGINE"):
        read.text(name)
    if rules:
        settings["routing"] = {"rules": [{**rule, "only": True} for rule in rules] if only else rules}
        if NETWORK_ENGINES & {name for rule in rules for name in rule["engines"]}:
            settings["engines"] = {"allow_network": True}
    if only:
        settings.setdefault("routing", {})["fall_back"] = False
    if voices := _by_language(read, variables, EDGE_VOICE):
        settings["tts"] = {"language_voices": {"edge": voices}}
    if (folder := read.text("PIPER_MODEL_PATH")) is not None:
        settings.setdefault("engines", {})["options"] = {"piper": {"voices": [folder]}}


def _by_language(read: ForeignEnvironment, variables: Mapping[str, str], stem: str) -> dict[str, str]:
    """Values of all names with this beginning, by the language that they end in. Raises InvalidConfiguration."""
    found: dict[str, str] = {}
    for written in _without_prefix(variables):
        if not written.upper().startswith(stem):
            continue
        value, language = read.text(written.upper()), read_language(written[len(stem) :])
        if not isinstance(language, str):
            raise InvalidConfiguration(f"{written}: ends in no language", param=written)
        if value is not None:
            found[language] = value
    return found


def _notes(read: ForeignEnvironment) -> tuple[str, ...]:
    """Sentences for the operator about names that are understood and have no effect here."""
    said = {
        "its Telegram bot is a program of its own, which is not served here": BOT,
        "its database is not read, keep keys in API_KEYS or make new ones (stts keys create)": DATABASE,
        "nothing here corresponds to it": WITHOUT_COUNTERPART,
    }
    found = {sentence: [name for name in names if read.text(name) is not None] for sentence, names in said.items()}
    return tuple(f"{', '.join(names)}: {sentence}" for sentence, names in found.items() if names)
