"""The principal: the authenticated caller of a request, kept in `scope["state"]["principal"]`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    name: str


ANONYMOUS = Principal("anonymous")
KEY_HOLDER = Principal("key")
SECRET_HOLDER = Principal("client_secret")
"""Caller with a short-lived client secret, issued at the request of a holder of the key."""
