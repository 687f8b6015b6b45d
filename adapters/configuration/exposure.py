"""Checks whether the configuration exposes the server to strangers."""

from __future__ import annotations

import ipaddress

from stts.errors import InvalidConfiguration
from stts.settings import Settings


def check_exposure(settings: Settings) -> None:
    """Raises InvalidConfiguration for an address beyond loopback that anybody could use."""
    security = settings.security
    if security.api_key is None and not security.allow_open and not is_loopback(settings.server.host):
        raise InvalidConfiguration(
            f"server.host {settings.server.host} can be reached from other machines and no key is set: "
            "set security.api_key, or security.allow_open: true if everybody may use it.",
            param="server.host",
        )
    # A key would not help there: the protocol has none.
    if settings.wyoming.enabled and not security.allow_open and not is_loopback(settings.wyoming.host):
        raise InvalidConfiguration(
            f"wyoming.host {settings.wyoming.host} can be reached from other machines, and Wyoming knows no keys: "
            "set security.allow_open: true if everybody who reaches it may use it.",
            param="wyoming.host",
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
