from __future__ import annotations

import pytest

from routers.profiles import find_profile
from stts.errors import InvalidConfiguration

EXAMPLE = {
    "ALLOWED_USER_TOKEN": "your-secure-token",
    "VALKEY_HOST": "valkey",
    "VALKEY_PORT": "6379",
    "VALKEY_PASSWORD": "a/b",
    "TTS_MODEL": "en_US-kathleen-low.onnx",
    "ENABLE_CACHE": "true",
    "CACHE_TTL": "604800",
    "LOG_LEVEL": "INFO",
    "ASSETS_DIR": "/app/assets",
}
"""As its own guide to deployment has it."""


def test_without_a_token_it_is_not_started() -> None:
    for variables in ({}, {"ALLOWED_USER_TOKEN": " "}):
        with pytest.raises(InvalidConfiguration, match="ALLOWED_USER_TOKEN"):
            find_profile("batch-api").read_environment(variables)


def test_its_own_example_is_understood_whole() -> None:
    found = find_profile("batch-api").read_environment(EXAMPLE)
    assert found.unknown == ()
    assert found.listener == {
        "security": {"api_key": "your-secure-token"},
        "cache_hours": 168.0,
        "output": {"voice": "en_US-kathleen-low"},
    }
    assert found.settings == {
        "storage": {"home_when_read_only": True},
        "cache": {"redis_url": "redis://:a%2Fb@valkey:6379"},
        "logging": {"level": "info"},
        "models": {"wanted": ["en_US-kathleen-low"]},
        "engines": {"options": {"piper": {"voices": ["/app/assets"], "loaded_voices": 1}}},
    }


def test_other_names() -> None:
    found = find_profile("batch-api").read_environment(
        {
            "ALLOWED_USER_TOKEN": "token",
            "REDIS_HOST": "redis",
            "ENABLE_CACHE": "false",
            "PORT": "8181",
            "TTS_AVAILABLE_MODELS": '["en_US-kathleen-low", "en_US-ryan-medium"]',
            "COLOUR": "blue",
        }
    )
    assert found.listener["port"] == 8181 and found.listener["cache_hours"] == 0.0
    assert found.settings["cache"] == {"redis_url": "redis://redis:6379"}
    assert found.settings["engines"] == {"options": {"piper": {"loaded_voices": 2}}}
    assert found.settings["models"] == {"wanted": ["en_US-kathleen-low", "en_US-ryan-medium"]}
    assert found.unknown == ("COLOUR",)


def test_the_defaults_are_those_of_its_clients() -> None:
    profile = find_profile("batch-api")
    assert (profile.port, profile.dialects) == (8000, ("batch-api",))
    assert profile.defaults["output"]["sample_rate"] == 22_050
