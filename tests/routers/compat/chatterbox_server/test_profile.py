from __future__ import annotations

import pytest

from routers.compat.chatterbox_server.models_named import engine_named
from routers.compat.chatterbox_server.shipped import SHIPPED, stand_in
from routers.profiles import find_profile
from stts.voice_names import HOSTED


def test_the_names_of_its_settings() -> None:
    variables = {
        "HOST": "0.0.0.0",
        "PORT": "8004",
        "DEVICE": "CPU",
        "MODEL_REPO_ID": "ResembleAI/chatterbox-turbo",
        "PREDEFINED_VOICES_PATH": "./voices",
        "REFERENCE_AUDIO_PATH": "./reference_audio",
        "DEFAULT_VOICE_ID": "Emily.wav",
        "TEMPERATURE": "0.7",
        "TTS_BF16": "auto",
    }
    found = find_profile("chatterbox-server").read_environment(variables)
    assert found.listener == {
        "host": "0.0.0.0",
        "security": {"allow_open": True},
        "port": 8004,
        "options": {"predefined_voices_path": "./voices", "reference_audio_path": "./reference_audio"},
        "output": {"engine": "chatterbox_turbo", "voice": "Emily.wav", "parameters": {"temperature": 0.7}},
    }
    assert found.settings["engines"]["options"]["chatterbox"] == {"device": "cpu"}
    assert found.unknown == ("TTS_BF16",)
    assert find_profile("chatterbox-server").read_environment({}).listener == {}


@pytest.mark.parametrize(
    ("model", "engine"),
    [
        ("turbo", "chatterbox_turbo"),
        ("chatterbox", "chatterbox"),
        ("original", "chatterbox"),
        ("chatterbox-multilingual", "chatterbox_multilingual"),
        ("hibari", "hibari"),
    ],
)
def test_models(model: str, engine: str) -> None:
    assert engine_named(model) == engine


def test_shipped_voices_have_one_of_their_gender() -> None:
    assert (HOSTED[stand_in("Emily.wav") or ""], HOSTED[stand_in("Ryan.mp3") or ""]) == ("female", "male")
    assert stand_in("nobody.wav") is None and set(SHIPPED.values()) <= set(HOSTED)
