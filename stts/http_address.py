"""Addresses of servers, as operators write them."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_http_address(url: str) -> bool:
    """True if it is http or https with a host that can be looked up, and with a port that can be one."""
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and not any(map(str.isspace, url))


def bracketed(host: str) -> str:
    """The host as it stands in an address: that of IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
