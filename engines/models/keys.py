"""Keys of other servers: they stand in addresses or a netrc file, go to the server they are for, and are not shown."""

from __future__ import annotations

import netrc
import os
import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

PORTS = {"http": ":80", "https": ":443"}
"""Ports that an address need not name."""
MALFORMED = "a malformed address"
"""Shown instead of it."""


def split_keys(url: str) -> tuple[str, dict[str, str]]:
    """An address without its user name and password, and the header that carries them. Raises ValueError."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    name, _, password = user.partition(":")
    return urlunsplit(parts._replace(netloc=host)), _basic(unquote(name), unquote(password))


def shown(url: str) -> str:
    """An address as it may stand in a message: without keys, and not at all where nobody can say what are keys."""
    try:
        bare, _ = split_keys(url)
    except ValueError:
        return MALFORMED
    return re.sub(r"[?#].*", "", bare)


def same_server(one: str, other: str) -> bool:
    """True if both addresses are of one scheme, host and port, so that a key for one may be shown to the other."""
    return _server(one) == _server(other)


def index_keys(index: str, url: str) -> Mapping[str, str]:
    """The header for an address that a package index names: the index's own keys if it is on the same server.

    Else those that the user's netrc file has for its host by name, as pip does; its `default` entry is for nobody.
    Raises ValueError for a malformed address.
    """
    keys = split_keys(index)[1] if same_server(index, url) else {}
    return keys or _from_netrc(urlsplit(url).hostname or "")


def _from_netrc(host: str) -> dict[str, str]:
    named = os.environ.get("NETRC")
    try:
        entry = netrc.netrc(str(Path(named or "~/.netrc").expanduser())).hosts.get(host)
    except (OSError, RuntimeError, UnicodeDecodeError, netrc.NetrcParseError):
        # There is none, or none that can be read: pip goes on without one, too.
        return {}
    return _basic(entry[0], entry[2]) if entry is not None and host != "default" else {}


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return parts.scheme, host.removesuffix(PORTS.get(parts.scheme, ""))
