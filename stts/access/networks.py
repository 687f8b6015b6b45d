"""Networks of clients: what of an address counts as one client, and whether an address is inside a network."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

IPV6_NETWORK = 64
"""Bits of an address that one client commonly owns: it may use any of those behind them."""


@lru_cache(maxsize=1024)
def network_of(address: str | None) -> str:
    """The network that counts as one client: an IPv4 address or a network of IPv6. Empty for this machine (proxies)."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    if ip.is_loopback:
        return ""
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.ip_network((int(ip), IPV6_NETWORK), strict=False))


def is_network(text: str) -> bool:
    """True for an address or a network, as `192.168.1.5` or `10.0.0.0/8`."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def is_inside(address: str, network: str) -> bool:
    """True if an address lies in a network, as `10.0.0.0/8`. Raises ValueError for what is no network."""
    inside = ipaddress.ip_network(network, strict=False)
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    return ip in inside
