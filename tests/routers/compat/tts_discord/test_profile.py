from __future__ import annotations

import pytest

from routers.compat.tts_discord.schemas import DiscordOptions
from routers.profiles import find_profile
from stts.errors import InvalidConfiguration

EXAMPLE = {
    "SERVER_HOST": "0.0.0.0",
    "SERVER_PORT": "5002",
    "DEVICE": "auto",
    "OFFLINE_MODE": "1",
    "HF_TOKEN": "your_token_here",
    "REFERENCES_DIR": "./references",
    "OUTPUT_DIR": "./audio_output",
    "LOG_LEVEL": "INFO",
    "MAX_WORKERS": "1",
    "TIMEOUT": "30",
    "DEFAULT_TEMPERATURE": "1.7",
    "DEFAULT_MIN_P": "0.1",
    "DEFAULT_TOP_P": "0.9",
    "DEFAULT_TOP_K": "50",
    "DEFAULT_REPETITION_PENALTY": "1.0",
    "DEFAULT_NORM_LOUDNESS": "true",
    "ALLOWED_ORIGINS": "*",
}
"""Names and values of the system's own example."""


def test_its_own_example() -> None:
    found = find_profile("discord").read_environment(EXAMPLE)
    assert found.listener == {
        "host": "0.0.0.0",
        "port": 5002,
        "security": {"allow_open": True, "allowed_hosts": ["*"], "allowed_origins": ["*"]},
        "options": {"references_dir": "./references"},
        "limits": {"operations_at_once": 1},
        "output": {
            "parameters": {
                "temperature": 1.7,
                "min_p": 0.1,
                "top_p": 0.9,
                "top_k": 50,
                "repetition_penalty": 1.0,
                "norm_loudness": True,
            }
        },
    }
    assert found.settings == {
        "engines": {"options": {"chatterbox_turbo": {"device": "auto"}}},
        "models": {"offline": True},
        "logging": {"level": "info"},
        "limits": {"total_seconds": 30.0},
    }
    assert found.unknown == ("HF_TOKEN", "OUTPUT_DIR"), "nothing is fetched, and nothing is kept, so they mean nothing"
    DiscordOptions(**found.listener["options"])


def test_an_empty_file_changes_nothing() -> None:
    found = find_profile("discord").read_environment({})
    assert (found.listener, found.settings, found.unknown) == ({}, {}, ())


def test_other_names_of_the_same() -> None:
    variables = {"HOST": "127.0.0.1", "PORT": "5100", "TTS_REFERENCES_DIR": "/voices", "MODEL": "chatterbox-turbo"}
    found = find_profile("discord").read_environment(variables)
    assert (found.listener["host"], found.listener["port"]) == ("127.0.0.1", 5100)
    assert "security" not in found.listener
    assert found.listener["options"] == {"references_dir": "/voices"}
    assert found.listener["output"] == {"engine": "chatterbox_turbo"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("SERVER_PORT", "http"), ("DEVICE", "tpu"), ("DEFAULT_TOP_K", "many"), ("OFFLINE_MODE", "maybe")],
)
def test_values_that_mean_nothing_are_named(name: str, value: str) -> None:
    with pytest.raises(InvalidConfiguration, match=name):
        find_profile("discord").read_environment({name: value})
