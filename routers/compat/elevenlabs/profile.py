"""ElevenLabs in place of the hosted service: nothing of it runs at home, so its file names keys and voices only."""

from __future__ import annotations

from collections.abc import Mapping

from routers.foreign_environment import ForeignEnvironment
from routers.profile import Profile, Translated

KEYS = ("ELEVENLABS_API_KEY", "ELEVEN_API_KEY", "XI_API_KEY")
"""Names under which clients keep the key; the first that is set is the key of the listener."""
VOICES = ("ELEVENLABS_VOICE_ID", "ELEVENLABS_DEFAULT_VOICE_ID", "ELEVEN_VOICE_ID")
ADDRESSES = ("ELEVENLABS_BASE_URL", "ELEVENLABS_API_URL")
"""Where clients find the server: said to them, not to it."""
MODELS = ("ELEVENLABS_MODEL_ID", "ELEVENLABS_MODEL")
"""Models that clients send with each request."""


def read_environment(variables: Mapping[str, str]) -> Translated:
    read = ForeignEnvironment(variables)
    key = read.text(*KEYS)
    # Said to clients; known, and of no use to a server.
    read.text(*VOICES, *ADDRESSES, *MODELS)
    return Translated(listener={} if key is None else {"security": {"api_key": key}}, unknown=read.unknown)


ELEVENLABS = Profile(
    name="elevenlabs",
    title="ElevenLabs",
    dialects=("elevenlabs",),
    port=8000,
    defaults={"output": {"format": "mp3"}},
    read_environment=read_environment,
)
