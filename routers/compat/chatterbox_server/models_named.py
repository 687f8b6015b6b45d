"""Models of Chatterbox-TTS-Server by that system's words: a short one, or the name of a repository."""

from __future__ import annotations

MODELS = {"original": "chatterbox", "turbo": "chatterbox_turbo", "multilingual": "chatterbox_multilingual"}
"""Word -> engine of the registry."""


def engine_named(model: str) -> str:
    """`turbo`, `chatterbox-turbo`, `ResembleAI/chatterbox-turbo` -> `chatterbox_turbo`; another name as an engine's."""
    bare = model.rpartition("/")[2].lower().replace("-", "_")
    return MODELS.get(bare, bare)
