"""Addresses of other servers, looked at before anything uses them: a parser's own words would show a password."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

POSTGRESQL_SERVER = re.compile(r"(\[[^\[\]/?#]+\]|[^\[\]:/?#]*)(:[0-9]{1,5})?([/?].*)?")
HIGHEST_PORT = 65_535
REDIS_FORM = (
    "must be redis://[:PASSWORD@]HOST[:PORT][/NUMBER], rediss://... or unix:///FILE; "
    "in a password / is written %2F, # %23, ? %3F, @ %40 and % %25"
)
"""Told where `is_redis` is false."""


def is_redis(url: str) -> bool:
    """True for `redis://[USER[:PASSWORD]@]HOST[:PORT][/NUMBER]`, `rediss://` and `unix://[USER[:PASSWORD]@]/FILE`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    known = all(name == "db" or name.startswith("ssl_") for name in options)
    if parts.fragment or not known or not options.get("db", "0").isdecimal():
        return False
    if parts.scheme == "unix":
        return not parts.hostname and bool(parts.path.strip("/"))
    number = parts.path.removeprefix("/")
    is_server = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and port != 0
    return is_server and (not number or number.isdecimal())


def is_postgresql(url: str) -> bool:
    """True for `postgresql://[USER[:PASSWORD]@]HOST[:PORT]/NAME`; the password may hold any signs but `@`."""
    scheme, found, rest = url.partition("://")
    if scheme != "postgresql" or not found or not rest.strip("/"):
        return False
    server = POSTGRESQL_SERVER.fullmatch(rest.rpartition("@")[2])
    return server is not None and int((server[2] or ":0")[1:]) <= HIGHEST_PORT
