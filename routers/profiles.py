"""The profiles of this server, by name. A new one is added here; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from routers.profile import Profile

PROFILES: Mapping[str, str] = {
    "batch-api": "routers.compat.batch_api.profile:BATCH_API",
    "chatterbox-server": "routers.compat.chatterbox_server.profile:CHATTERBOX_SERVER",
    "deepgram": "routers.compat.deepgram.profile:DEEPGRAM",
    "discord": "routers.compat.tts_discord.profile:DISCORD",
    "elevenlabs": "routers.compat.elevenlabs.profile:ELEVENLABS",
    "kokoro-fastapi": "routers.compat.kokoro_fastapi.profile:KOKORO_FASTAPI",
    "piper-server": "routers.compat.piper_server.profile:PIPER_SERVER",
    "ttskit": "routers.compat.ttskit.profile:TTSKIT_PROFILE",
}
"""Name -> `module:NAME` of the Profile."""


def find_profile(name: str) -> Profile:
    """Raises KeyError for one that does not exist."""
    module, _, attribute = PROFILES[name].partition(":")
    found: Profile = getattr(import_module(module), attribute)
    return found
