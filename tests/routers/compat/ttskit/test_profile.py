"""TTSKit's environment file becomes the one listener of this server: every name of its example file has a meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from routers.compat.ttskit.environment import read_environment
from routers.listeners.checks import whole_check
from routers.listeners.replacing import Replacement, replacement
from routers.listeners.settings import listener_settings
from routers.profile import Translated
from stts.errors import InvalidConfiguration
from stts.settings import Settings

EXAMPLE = """
BOT_TOKEN=your_bot_token_here
TELEGRAM_API_ID=12345
TELEGRAM_DRIVER=aiogram
SUDO_USERS=
DEFAULT_LANG=en
MAX_CHARS=1000
MAX_TEXT_LENGTH=1000
TTS_DEFAULT=edge
FALLBACK_ENABLED=true
TTS_POLICY_FA=edge,piper,gtts
TTS_POLICY_EN=edge,gtts,piper
EDGE_VOICE_EN=en-US-JennyNeural
EDGE_VOICE_FA=fa-IR-DilaraNeural
PIPER_MODEL_PATH=./models/piper/
PIPER_USE_CUDA=false
PIPER_ENABLED=true
DEFAULT_FORMAT=ogg
DEFAULT_BITRATE=48k
DEFAULT_SAMPLE_RATE=48000
AUDIO_BITRATE=48k
AUDIO_SAMPLE_RATE=48000
AUDIO_CHANNELS=1
TEMP_DIR_PREFIX=ttskit_
SESSION_PATH=./data/sessions/
DATA_PATH=./data/
API_KEY=demo-key
API_KEYS={"demo-user": "demo-key", "admin": "admin-secret", "readonly_board": "board-key"}
ENABLE_AUTH=false
API_RATE_LIMIT=100
CORS_ORIGINS=["*"]
ALLOWED_HOSTS=["*"]
CACHE_ENABLED=true
ENABLE_CACHING=true
CACHE_TTL=3600
ENABLE_RATE_LIMITING=true
RATE_LIMIT_RPM=10
DATABASE_URL=
DATABASE_PATH=./data/ttskit.db
REDIS_URL=redis://localhost:6379/0
USE_API=false
API_BASE_URL=
API_HOST=127.0.0.1
API_PORT=8080
API_TIMEOUT=15.0
HEALTH_CHECK_INTERVAL=300
LOG_LEVEL=INFO
VERSION=1.0.0
COLOUR=red
"""


def replaced(tmp_path: Path, text: str) -> Replacement:
    file = tmp_path / "kit.env"
    file.write_text(text)
    return replacement("ttskit", str(file), {})


def loaded(tmp_path: Path, found: Replacement) -> Settings:
    environ = {"STTS_STORAGE__ROOT": str(tmp_path)}
    check = whole_check(Registry(), has_main=False)
    return ConfigAdapter.load(None, environ, None, check, above=found.layer).current()


def test_an_example_file_works_as_it_is(tmp_path: Path) -> None:
    found = replaced(tmp_path, EXAMPLE)
    settings = loaded(tmp_path, found)
    listener = listener_settings("ttskit", lambda: settings)
    output = listener.output()
    assert (listener.dialects, listener.host, listener.port) == (("ttskit",), "127.0.0.1", 8080)
    assert (output.format, output.sample_rate, output.language, output.text_characters) == ("opus", 48_000, "en", 1000)
    assert listener.rates().requests_per_minute == 100 and listener.cache_hours() == 1.0
    assert listener.security.allowed_origins == listener.security.allowed_hosts == ("*",)
    assert not listener.security.wants_key
    rules = [(rule.languages, rule.engines, rule.only) for rule in settings.routing.rules]
    assert rules == [
        (("fa",), ("edge", "piper", "gtts"), False),
        (("en",), ("edge", "gtts", "piper"), False),
        ((), ("edge",), False),
    ]
    assert settings.tts.language_voices == {"edge": {"en": "en-US-JennyNeural", "fa": "fa-IR-DilaraNeural"}}
    assert settings.engines.allow_network and settings.engines.options["piper"] == {"voices": ["./models/piper/"]}
    assert settings.cache.enabled and settings.cache.redis_url is not None
    assert found.unknown == ("COLOUR",)
    assert any("BOT_TOKEN" in note and "Telegram bot" in note for note in found.notes)
    assert any("DATABASE_PATH" in note for note in found.notes)


def test_without_a_file_it_has_its_own_port(tmp_path: Path) -> None:
    settings = loaded(tmp_path, replacement("ttskit", None, {}))
    listener = listener_settings("ttskit", lambda: settings)
    assert (listener.port, listener.output().text_characters) == (8000, 5000)


def test_keys_of_the_file_open_what_their_users_may_do(tmp_path: Path) -> None:
    settings = loaded(tmp_path, replaced(tmp_path, EXAMPLE.replace("ENABLE_AUTH=false", "ENABLE_AUTH=true")))
    security = listener_settings("ttskit", lambda: settings).security
    found = {name: (each.key.get_secret_value(), each.role) for name, each in security.named_keys.items()}
    assert found == {
        "demo-user": ("demo-key", "write"),
        "admin": ("admin-secret", "admin"),
        "readonly_board": ("board-key", "read"),
    }
    assert security.keys and settings.security.keys and settings.security.has_administrator


def read(**variables: str) -> Translated:
    return read_environment(variables)


def test_routing_by_language() -> None:
    rules = read(ENGINE_ROUTING="en:edge, fa:piper,en:espeak", TTS_ENGINE="gtts").settings["routing"]["rules"]
    assert rules == [
        {"kind": "tts", "languages": ["en"], "engines": ["edge", "espeak"]},
        {"kind": "tts", "languages": ["fa"], "engines": ["piper"]},
        {"kind": "tts", "engines": ["gtts"]},
    ]


def test_engines_that_stay_on_this_machine_need_no_network() -> None:
    assert "engines" not in read(ENGINE_ROUTING="en:piper").settings
    assert "routing" not in read(TTS_DEFAULT="auto").settings


def test_without_fall_back_nobody_else_speaks() -> None:
    routing = read(TTS_POLICY_FA="piper,edge", FALLBACK_ENABLED="false", PIPER_ENABLED="no").settings["routing"]
    assert routing == {
        "rules": [{"kind": "tts", "languages": ["fa"], "engines": ["edge"], "only": True}],
        "fall_back": False,
    }


def test_small_letters_prefixes_and_switches() -> None:
    found = read(
        EDGE_VOICE_fa="fa-IR-FaridNeural",
        TTSKIT_DEFAULT_LANG="fa",
        DEFAULT_LANG="en",
        ENABLE_CACHING="false",
        REDIS_URL="redis://localhost",
        ENABLE_RATE_LIMITING="false",
        AUDIO_CHANNELS="2",
        TTSKIT_API_KEYS='{"ali": "k"}',
        TTSKIT_ENABLE_AUTH="true",
    )
    assert found.listener["output"] == {"language": "fa"} and found.listener["options"] == {"channels": 2}
    assert found.settings["tts"]["language_voices"] == {"edge": {"fa": "fa-IR-FaridNeural"}}
    assert found.settings["cache"] == {"enabled": False}
    assert found.listener["limits"] == {"requests_per_minute": 1_000_000}
    assert found.listener["security"]["named_keys"] == {"ali": {"key": "k", "role": "write"}}
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENGINE_ROUTING", "en"),
        ("ENGINE_ROUTING", "zz:edge"),
        ("ENGINE_ROUTING", "en:festival"),
        ("TTS_POLICY_FA", "edge,festival"),
        ("TTS_ENGINE", "festival"),
        ("API_KEYS", "demo"),
        ("API_KEYS", '["demo"]'),
        ("API_KEYS", '{"ali": 5}'),
        ("DEFAULT_FORMAT", "flac"),
        ("AUDIO_SAMPLE_RATE", "4000"),
        ("MAX_CHARS", "0"),
        ("API_PORT", "http"),
        ("ENABLE_CACHING", "maybe"),
    ],
)
def test_wrong_values_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidConfiguration, match=name):
        read(**{name: value})


def test_secrets_are_not_told(tmp_path: Path) -> None:
    said: Any = replaced(tmp_path, EXAMPLE + "BOT_TOKEN=123:secret\n").notes
    assert not any("secret" in note for note in said)
