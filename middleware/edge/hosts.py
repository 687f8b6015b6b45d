"""Host names and web origins: which are ours, which are allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

from stts.http_address import bracketed

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
EVERY_ADDRESS = frozenset({"0.0.0.0", "::", ""})
ANY = "*"
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_-][a-z0-9._-]*)(:(?P<port>[0-9]{1,5})?)?", re.ASCII)
LAST_PORT = 65_535
DEFAULT_PORTS = {"http": 80, "https": 443}


class Hosts:
    """The names under which this server answers. DNS rebinding needs a name, so it fails here.

    A server that listens on every address answers to every IP address, which cannot be rebound, but to no other name.
    """

    def __init__(self, host: str, allowed: Iterable[str]) -> None:
        """`host`: the address that it listens on."""
        names = [bracketed(name.lower()) for name in allowed]
        self._any = ANY in names
        self._any_address = host in EVERY_ADDRESS
        self._names = LOOPBACK | {name for name in names if not name.startswith("*.")} | {bracketed(host.lower())}
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))

    def allow(self, header: str) -> bool:
        """True if a Host header names this server; its port does not matter."""
        host = parse_host(header)
        if host is None:
            return False
        name, _ = host
        if self._any or name in self._names or name.endswith(self._suffixes or ("\0",)):
            return True
        return _is_loopback_name(name) or (self._any_address and _is_address(name))


class Origins:
    """The web pages that may use this server: those it serves itself, and the configured ones."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)

    def allow(self, origin: str, host: str, *, management: bool) -> bool:
        """`*` lets any page speak and listen, but never manage."""
        if origin.lower() in self._allowed or _same_host(origin, host):
            return True
        return ANY in self._allowed and not management

    @property
    def explicit(self) -> list[str]:
        return sorted(self._allowed - {ANY})

    @property
    def all(self) -> list[str]:
        return [ANY] if ANY in self._allowed else self.explicit


def parse_host(header: str) -> tuple[str, int | None] | None:
    """Name and port of a Host header; None for what is none. The name is in lower case, without a final dot, IPv6 in
    its brackets. Everything that is decided by this header is decided by this reading of it."""
    match = HOST.fullmatch(header.lower())
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else None
    return (match["name"].removesuffix("."), port) if port is None or port <= LAST_PORT else None


def _same_host(origin: str, host: str) -> bool:
    """Scheme aside: behind a proxy that ends TLS the server does not know its own."""
    scheme, _, authority = origin.lower().partition("://")
    theirs, ours = parse_host(authority), parse_host(host)
    if scheme not in DEFAULT_PORTS or theirs is None or ours is None:
        return False
    default = DEFAULT_PORTS[scheme]
    return (theirs[0], theirs[1] or default) == (ours[0], ours[1] or default)


def _is_loopback_name(name: str) -> bool:
    """Browsers resolve `*.localhost` to loopback themselves."""
    return name.endswith(".localhost")


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
