"""Who is asking, as far as the edge can tell: in `scope["state"]["principal"]`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    name: str
    authenticated: bool
    """Whether it has shown the key. Without a configured key nobody has to, and nobody counts as authenticated."""


ANONYMOUS = Principal("anonymous", authenticated=False)
KEY_HOLDER = Principal("key", authenticated=True)
SECRET_HOLDER = Principal("client_secret", authenticated=True)
"""Has a short-lived secret that somebody with the key asked for."""
