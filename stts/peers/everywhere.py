"""Changes that one worker was asked for, and that all workers make."""

from __future__ import annotations

from collections.abc import Awaitable

from stts.peers.line import Plain
from stts.peers.link import Peers

LOAD_ENGINE, UNLOAD_ENGINE = "engine.load", "engine.unload"
START_LISTENER, STOP_LISTENER, RESTART_LISTENER = "listener.start", "listener.stop", "listener.restart"
"""Topics of what all workers do; their value is the name."""
UNLOAD_SECONDS = 10.0
"""Longest wait for the other workers to unload an engine."""


async def everywhere(peers: Peers | None, own: Awaitable[object], topic: str, value: Plain, seconds: float) -> None:
    """Does it here and then, where that went well, at the others; returns when all have done it, or have had so many
    seconds. Raises what this one raises: what becomes of it at the others is in their logs."""
    await own
    if peers is not None:
        await peers.ask_others(topic, value, seconds)
