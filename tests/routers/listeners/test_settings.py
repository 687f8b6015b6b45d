"""A section of `listeners` becomes ListenerSettings: what it does not say, its profile or other sections say."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.listener import NO_RATES
from routers.listeners.sections import security_of
from routers.listeners.settings import listener_settings
from routers.profile import Profile, Translated
from routers.profiles import PROFILES
from stts.settings import Settings

TOY = Profile(
    name="toy",
    title="Toy Server",
    dialects=("openai",),
    port=5999,
    defaults={
        "output": {"format": "mp3", "parameters": {"warmth": 1, "depth": 2}},
        "limits": {"requests_per_minute": 60},
        "cache_hours": 1.0,
    },
    read_environment=lambda names: Translated(),
)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROFILES, "toy", f"{__name__}:TOY")


def settings_with(section: dict[str, Any], **sections: Any) -> Settings:
    return Settings.model_validate({"listeners": {"a": section}, **sections})


def test_a_listener_has_what_it_says() -> None:
    settings = settings_with({"dialects": ["openai"], "port": 8081, "limits": {"json_bytes": 2048}})
    listener = listener_settings("a", lambda: settings)
    assert (listener.name, listener.dialects, listener.host, listener.port) == ("a", ("openai",), "127.0.0.1", 8081)
    assert listener.limits().json_bytes == 2048
    assert listener.limits().upload_bytes == settings.limits.upload_bytes
    assert listener.output().format == settings.tts.format
    assert listener.rates() is NO_RATES


@pytest.mark.usefixtures("toy")
def test_a_profile_says_what_the_section_does_not() -> None:
    section = {"profile": "toy", "output": {"voice": "low", "parameters": {"depth": 3}}, "limits": {"json_bytes": 2048}}
    listener = listener_settings("a", lambda: settings_with(section))
    assert (listener.port, listener.dialects) == (5999, ("openai",))
    output = listener.output()
    assert (output.format, output.voice, dict(output.parameters)) == ("mp3", "low", {"warmth": 1, "depth": 3})
    rates = listener.rates()
    assert (rates.requests_per_minute, rates.operations_at_once, listener.limits().json_bytes) == (60, None, 2048)
    assert listener.cache_hours() == 1.0


@pytest.mark.usefixtures("toy")
def test_a_path_takes_the_place_of_the_port_of_a_profile() -> None:
    listener = listener_settings("a", lambda: settings_with({"profile": "toy", "path": "/toy"}))
    assert (listener.path, listener.port) == ("/toy", 0)


def test_limits_and_defaults_change_while_it_listens() -> None:
    settings = settings_with({"dialects": ["openai"], "port": 8081})
    now = [settings]
    listener = listener_settings("a", lambda: now[0])
    before = listener.limits()
    assert listener.limits() is before
    now[0] = settings_with({"dialects": ["openai"], "port": 8081, "output": {"voice": "low"}, "cache_hours": 2.0})
    assert (listener.output().voice, listener.cache_hours()) == ("low", 2.0)
    now[0] = Settings()
    assert listener.output().voice == "low"


@pytest.mark.parametrize(
    ("main", "own", "key", "keys"),
    [
        ({"api_key": "main"}, {}, "main", False),
        ({"api_key": "main", "keys": True}, {"api_key": "own"}, "own", False),
        ({"api_key": "main", "keys": True}, {"keys": True}, None, True),
        ({"api_key": "main"}, {"keys": False}, None, False),
        ({"api_key": "main"}, {"allowed_origins": ["https://a.example"]}, "main", False),
    ],
)
def test_its_keys_are_its_own_where_it_names_any(
    main: dict[str, Any], own: dict[str, Any], key: str | None, keys: bool
) -> None:
    settings = settings_with({"dialects": ["openai"], "port": 1, "security": own}, security=main)
    security = security_of(settings.listeners["a"], settings)
    assert (security.api_key.get_secret_value() if security.api_key else None, security.keys) == (key, keys)
