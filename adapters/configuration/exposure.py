"""Checks whether the configuration exposes the server to strangers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from adapters.configuration.problems import Problem
from stts.settings import Settings

OPEN_ADDRESS = (
    "this address can be reached from other machines and no key is set: "
    "set {section}.keys or {section}.api_key, or {section}.allow_open: true if everybody may use it"
)


def exposures(settings: Settings) -> Iterator[Problem]:
    """Finds addresses beyond loopback that anybody could use."""
    security = settings.security
    if not security.wants_key and not security.allow_open and not is_loopback(settings.server.host):
        yield Problem(
            ("server", "host"),
            OPEN_ADDRESS.format(section="security"),
            settings.server.host,
        )
    # A key would not help there: the protocol has none.
    wyoming = settings.wyoming
    is_known = bool(wyoming.allowed_addresses) or (security.allow_open and not security.keys)
    if wyoming.enabled and not is_known and not is_loopback(wyoming.host):
        yield Problem(
            ("wyoming", "host"),
            "this address can be reached from other machines, and Wyoming knows no keys: "
            "name the networks of its clients in wyoming.allowed_addresses, or set security.allow_open: true "
            "if everybody who reaches it may use it (with security.keys on only the former counts)",
            wyoming.host,
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
