"""The address of a server, as people type it, and what is wrong with it in words that help."""

from __future__ import annotations

from urllib.parse import urlsplit

from clients.desktop.sentences import Explained, Sentence

EXAMPLE = "http://127.0.0.1:8000"
PAGES = ("/app", "/docs", "/redoc", "/openapi.json", "/health", "/v1")
"""Paths that a browser shows or a client of another kind asks for, and that are no part of an address."""
EVERYWHERE = ("0.0.0.0", "::")


class AddressWrong(Explained):
    """An address, or a key, that cannot be one."""


def checked(typed: str) -> str:
    """The address, whole and without what a browser has after it. Raises AddressWrong."""
    text = typed.strip().strip("<>\"'“”").rstrip("/")
    if not text:
        raise AddressWrong(Sentence("address_missing", example=EXAMPLE))
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise AddressWrong(Sentence("address_spaces", example=EXAMPLE))
    scheme, separator, rest = text.partition("://")
    if not separator:
        if text.lower().startswith(("http:", "https:")):
            raise AddressWrong(Sentence("address_slashes", example=EXAMPLE))
        scheme, rest = "http", text
    scheme = scheme.lower()
    if scheme in ("ws", "wss"):
        scheme = "http" if scheme == "ws" else "https"
    if scheme not in ("http", "https"):
        raise AddressWrong(Sentence("address_scheme", scheme=scheme))
    return _whole(scheme, rest)


def checked_key(typed: str) -> str:
    """The key, without what is copied along with it. Raises AddressWrong."""
    key = typed.strip()
    if not key.isprintable() or " " in key:
        raise AddressWrong(Sentence("key_one_word"))
    return key


def _whole(scheme: str, rest: str) -> str:
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port, host = parts.port, parts.hostname or ""
        host.encode("idna")
    except UnicodeError as error:
        raise AddressWrong(Sentence("address_no_machine", typed=rest, example=EXAMPLE)) from error
    except ValueError as error:
        if "port" in str(error).lower():
            raise AddressWrong(Sentence("address_port")) from error
        raise AddressWrong(Sentence("address_none", typed=rest, example=EXAMPLE)) from error
    if not host:
        raise AddressWrong(Sentence("address_no_host", example=EXAMPLE))
    if port == 0:
        raise AddressWrong(Sentence("address_port"))
    if host in EVERYWHERE:
        raise AddressWrong(Sentence("address_everywhere", host=host))
    if parts.username is not None:
        raise AddressWrong(Sentence("address_password"))
    if parts.query or parts.fragment:
        raise AddressWrong(Sentence("address_query"))
    path = parts.path.rstrip("/")
    for page in PAGES:
        if path == page or path.startswith(f"{page}/"):
            path = ""
    return f"{scheme}://{parts.netloc}{path}"
