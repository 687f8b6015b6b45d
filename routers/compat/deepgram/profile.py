"""Deepgram's hosted API as a system that this server replaces: its clients are given another address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routers.profile import Profile, Translated

KEY = "DEEPGRAM_API_KEY"
"""The name under which its clients keep their key."""


def read_environment(values: Mapping[str, str]) -> Translated:
    """A file with the key of its clients; everything else in it is theirs."""
    key = values.get(KEY, "").strip()
    listener: Mapping[str, Any] = {"security": {"api_key": key}} if key else {}
    return Translated(listener=listener, unknown=tuple(name for name in values if name != KEY))


DEEPGRAM = Profile(
    name="deepgram",
    title="Deepgram",
    dialects=("deepgram",),
    port=8000,
    read_environment=read_environment,
)
