"""Framing of server-sent events."""

from __future__ import annotations

from typing import Any

from routers.http.json_text import json_text


def event(data: dict[str, Any], name: str | None = None, *, id: int | None = None) -> str:
    """One event with a JSON body; there is no line break in it. `id`: a client that comes back names it."""
    head = f"event: {name}\n" if name else ""
    if id is not None:
        head += f"id: {id}\n"
    return f"{head}data: {json_text(data)}\n\n"
