from __future__ import annotations

import pytest

from routers.compat.piper_server.options import PiperServerOptions
from routers.profiles import find_profile
from stts.errors import InvalidConfiguration

EXAMPLE = {
    "HOST": "0.0.0.0",
    "PORT": "5000",
    "DEBUG": "false",
    "MODEL_DIR": "models",
    "MAX_TEXT_LENGTH": "500",
    "DEFAULT_MODEL": "en_GB-vctk-medium",
    "DEFAULT_SPEAKER": "0",
    "ENABLE_CORS": "true",
    "ALLOWED_ORIGINS": '["*"]',
    "RATE_LIMIT_REQUESTS": "60",
    "RATE_LIMIT_WINDOW": "60",
    "MAX_CONCURRENT_REQUESTS": "10",
    "ENABLE_CACHING": "true",
    "CACHE_TTL": "3600",
}


@pytest.mark.parametrize("lower", [False, True])
def test_all_of_its_names_are_understood(lower: bool) -> None:
    found = find_profile("piper-server").read_environment(
        {name.lower() if lower else name: value for name, value in EXAMPLE.items()}
    )
    assert found.unknown == ()
    assert found.listener == {
        "host": "0.0.0.0",
        "port": 5000,
        "security": {"allowed_origins": ["*"], "allow_open": True},
        "limits": {"requests_per_minute": 60, "operations_at_once": 10},
        "output": {"text_characters": 500, "voice": "en_GB-vctk-medium"},
        "cache_hours": 1.0,
        "options": {"default_speaker": "0"},
    }
    assert found.settings == {"engines": {"options": {"piper": {"voices": ["models"]}}}}
    PiperServerOptions.model_validate(found.listener["options"])


def test_other_values() -> None:
    read = find_profile("piper-server").read_environment
    found = read({"host": "127.0.0.1", "debug": "True", "rate_limit_requests": "100", "rate_limit_window": "30"})
    assert found.listener["host"] == "127.0.0.1" and found.listener["limits"] == {"requests_per_minute": 200}
    assert found.settings == {"logging": {"level": "debug"}}
    assert "security" not in read({"enable_cors": "false", "allowed_origins": '["*"]'}).listener
    assert read({"allowed_origins": "https://a.example, https://b.example"}).listener["security"] == {
        "allowed_origins": ["https://a.example", "https://b.example"]
    }
    assert read({"enable_caching": "0", "cache_ttl": "60"}).listener["cache_hours"] == 0.0
    assert read({"cache_ttl": "7200"}).listener["cache_hours"] == 2.0
    assert read({"WORKERS": "4"}).unknown == ("WORKERS",)
    assert read({}).listener == {"security": {"allowed_origins": ["*"]}}


def test_wrong_values_are_refused() -> None:
    for name, value in {"PORT": "http", "MAX_CONCURRENT_REQUESTS": "0", "ENABLE_CORS": "maybe"}.items():
        with pytest.raises(InvalidConfiguration, match=name):
            find_profile("piper-server").read_environment({name: value})


def test_the_defaults_are_those_of_its_clients() -> None:
    profile = find_profile("piper-server")
    assert (profile.port, profile.dialects) == (5000, ("piper-server",))
    assert profile.defaults["limits"]["operations_per_minute"] == 10
    assert profile.defaults["output"]["text_characters"] == 500 and profile.defaults["cache_hours"] == 1.0
