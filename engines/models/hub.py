"""The Hugging Face hub as the environment names it: its address, its token, and whether it may be asked."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from stts.models import HubSource
from stts.models.hub_cache import hub_home

DEFAULT_HUB = "https://huggingface.co"


def hub_endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", DEFAULT_HUB).rstrip("/")


def hub_token() -> str | None:
    """The token in `HF_TOKEN`, or the one that the hub's client was logged in with."""
    if token := os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN"):
        return token.strip()
    path = os.environ.get("HF_TOKEN_PATH") or hub_home() / "token"
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def hub_offline() -> bool:
    """True if the operator keeps all clients of the hub off the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def hub_url(source: HubSource, path: str) -> str:
    """Address of a file of a repository."""
    revision, member = quote(source.revision, safe=""), quote(source.member(path))
    return f"{hub_endpoint()}/{source.hub}/resolve/{revision}/{member}"
