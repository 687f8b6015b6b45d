"""The cache that all clients of the Hugging Face hub share on a machine. Plain path work, read anew each time."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> str:
    return os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")


def hub_home() -> Path:
    home = os.environ.get("HF_HOME") or os.path.join(user_cache(), "huggingface")
    return Path(home).expanduser()


def hub_cache() -> Path:
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    return hub_home() / "hub"


def snapshot(repository: str, revision: str = "main") -> Path | None:
    """Folder of what the cache has of a repository, complete or not; None: it knows no such revision.

    `revision`: a commit, or a name of one.
    """
    root = hub_cache() / f"models--{repository.replace('/', '--')}"
    if (folder := root / "snapshots" / revision).is_dir():
        return folder
    try:
        commit = (root / "refs" / revision).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return root / "snapshots" / commit
