"""Host names and web origins: which are ours, which are allowed."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from stts.settings import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
EVERY_ADDRESS = frozenset({"0.0.0.0", "::", ""})
ANY = "*"


class Hosts:
    """The names under which this server answers. DNS rebinding needs a name, so it fails here.

    A server that listens on every address answers to every IP address, which cannot be rebound, but to no other name.
    """

    def __init__(self, settings: Settings) -> None:
        host = settings.server.host
        names = [_bracketed(name.lower()) for name in settings.security.allowed_hosts]
        self._any = ANY in names
        self._any_address = host in EVERY_ADDRESS
        self._names = LOOPBACK | {name for name in names if not name.startswith("*.")} | {_bracketed(host.lower())}
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))

    def allow(self, header: str) -> bool:
        """Whether a Host header names this server; its port does not matter."""
        name = host_name(header)
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


def host_name(header: str) -> str:
    """The name in a Host header, in lower case: without port and final dot, IPv6 in its brackets."""
    header = header.strip().lower()
    name = header[: header.find("]") + 1] if header.startswith("[") else header.partition(":")[0]
    return name.removesuffix(".")


def _same_host(origin: str, host: str) -> bool:
    """Scheme aside: behind a proxy that ends TLS the server does not know its own."""
    try:
        parts = urlsplit(origin)
        default = {"http": 80, "https": 443}.get(parts.scheme)
        port = parts.port or default
        ours = urlsplit(f"//{host}")
        return (
            default is not None
            and bool(parts.hostname)
            and (parts.hostname, port)
            == (
                ours.hostname,
                ours.port or default,
            )
        )
    except ValueError:
        return False


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _is_loopback_name(name: str) -> bool:
    """Browsers resolve `*.localhost` to loopback themselves."""
    return name.endswith(".localhost")


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
