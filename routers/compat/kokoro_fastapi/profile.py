"""Kokoro-FastAPI as a system: the defaults of its listener, and the names of its environment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routers.foreign_environment import ForeignEnvironment
from routers.profile import Profile, Translated

OF_ITS_OWN = (
    "OUTPUT_DIR", "OUTPUT_DIR_SIZE_LIMIT_MB", "MODEL_DIR", "VOICES_DIR", "MODEL_VERSION", "SAMPLE_RATE", "USE_GPU",
    "DEVICE_TYPE", "TARGET_MIN_TOKENS", "TARGET_MAX_TOKENS", "ABSOLUTE_MAX_TOKENS", "ADVANCED_TEXT_NORMALIZATION",
    "VOICE_WEIGHT_NORMALIZATION", "GAP_TRIM_MS", "ENABLE_WEB_PLAYER", "WEB_PLAYER_PATH", "TEMP_FILE_DIR",
    "ALLOW_LOCAL_VOICE_SAVING", "ALLOW_DEV_UNLOAD", "ENABLE_DEBUG_ENDPOINTS", "DOWNLOAD_MODEL", "PYTHONPATH",
    "WEB_CONCURRENCY", "ENABLE_VOICE_TAGS",
)  # fmt: skip
"""Names of how it works inside: known, and of no use here."""


def read_environment(variables: Mapping[str, str]) -> Translated:
    """Raises InvalidConfiguration for values that the system itself would refuse."""
    read = ForeignEnvironment(variables)
    listener: dict[str, Any] = {}
    if (host := read.text("HOST")) is not None:
        listener["host"] = host
    if (port := read.whole_number("PORT", least=1)) is not None:
        listener["port"] = port
    output: dict[str, Any] = {}
    if (voice := read.text("DEFAULT_VOICE")) is not None:
        output["voice"] = voice
    if (language := read.text("DEFAULT_VOICE_CODE")) is not None:
        output["language"] = language
    if (characters := read.whole_number("MAX_INPUT_LENGTH", least=1)) is not None:
        output["text_characters"] = characters
    if output:
        listener["output"] = output
    origins = read.texts("CORS_ORIGINS")
    if read.flag("CORS_ENABLED") is False:
        listener["security"] = {"allowed_origins": []}
    elif origins is not None:
        listener["security"] = {"allowed_origins": origins}
    read.text(*OF_ITS_OWN)
    return Translated(listener=listener, unknown=read.unknown)


KOKORO_FASTAPI = Profile(
    name="kokoro-fastapi",
    title="Kokoro-FastAPI",
    dialects=("kokoro-fastapi", "openai"),
    port=8880,
    defaults={"output": {"format": "mp3", "voice": "af_heart", "sample_rate": 24_000}},
    read_environment=read_environment,
)
