"""Headers that decide about admission, read in one pass, and the ways in which clients offer a key."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import parse_qsl

from starlette.types import Scope

FOREIGN_SITES = frozenset({b"cross-site", b"same-site"})
"""Sec-Fetch-Site of another origin. Ports do not count for a site: any other server of this host is `same-site`."""
SUBJECT_HEADER = b"x-subject"
KEY_PROTOCOL = "openai-insecure-api-key."
"""Browsers cannot set headers on a socket: they offer the key as a subprotocol."""
ENCODED_KEY_PROTOCOL = "stts-api-key-base64url."
"""The same for a key with characters that no subprotocol may have: its UTF-8 in base64url, without padding."""


class AdmissionHeaders:
    """The headers of one request or socket that authentication reads."""

    __slots__ = (
        "authorizations",
        "hosts",
        "is_foreign",
        "keys",
        "opens_page",
        "origins",
        "protocols",
        "referer",
        "subjects",
    )

    def __init__(self, scope: Scope) -> None:
        self.hosts: list[str] = []
        self.origins: list[str] = []
        self.authorizations: list[bytes] = []
        self.keys: list[bytes] = []
        self.protocols: list[str] = []
        self.referer = ""
        self.subjects: list[str] = []
        """On whose behalf the caller asks, as it says."""
        self.is_foreign = False
        """True if a page of another origin is behind it."""
        self.opens_page = False
        """True if the answer becomes a page of its own, not a part or a frame of another."""
        for name, value in scope["headers"]:
            if name == b"host":
                self.hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                self.origins.append(value.decode("latin-1"))
            elif name == b"authorization":
                self.authorizations.append(value)
            elif name == b"x-api-key":
                self.keys.append(value.strip())
            elif name == b"sec-websocket-protocol":
                self.protocols += [protocol.strip() for protocol in value.decode("latin-1").split(",")]
            elif name == SUBJECT_HEADER:
                self.subjects.append(value.decode("latin-1"))
            elif name == b"referer":
                self.referer = value.decode("latin-1")
            elif name == b"sec-fetch-site":
                self.is_foreign = value.strip().lower() in FOREIGN_SITES
            elif name == b"sec-fetch-dest":
                self.opens_page = value.strip().lower() == b"document"


Credential = Callable[[Scope, AdmissionHeaders], Iterator[bytes]]
"""One way to offer a key: yields what was offered that way."""


def key_header(scope: Scope, headers: AdmissionHeaders) -> Iterator[bytes]:
    """`X-API-Key: <key>`."""
    yield from headers.keys


def bearer(scope: Scope, headers: AdmissionHeaders) -> Iterator[bytes]:
    """`Authorization: Bearer <key>`."""
    for value in headers.authorizations:
        scheme, _, key = value.partition(b" ")
        if scheme.lower() == b"bearer":
            yield key.strip()


def token(scope: Scope, headers: AdmissionHeaders) -> Iterator[bytes]:
    """`Authorization: Token <key>`."""
    for value in headers.authorizations:
        scheme, _, key = value.partition(b" ")
        if scheme.lower() == b"token":
            yield key.strip()


def named_protocols(scope: Scope, headers: AdmissionHeaders) -> Iterator[bytes]:
    """Two subprotocols of a socket, of which the first says what the second is: `token, <key>` or `bearer, <key>`."""
    if scope["type"] == "websocket" and len(headers.protocols) > 1 and headers.protocols[0] in ("token", "bearer"):
        yield headers.protocols[1].encode("latin-1")


def socket_protocol(scope: Scope, headers: AdmissionHeaders) -> Iterator[bytes]:
    """A subprotocol of a socket, as OpenAI's clients in browsers offer it."""
    if scope["type"] == "websocket":
        for protocol in headers.protocols:
            if protocol.startswith(KEY_PROTOCOL):
                yield protocol.removeprefix(KEY_PROTOCOL).encode("latin-1")
            elif protocol.startswith(ENCODED_KEY_PROTOCOL):
                with suppress(ValueError):
                    yield urlsafe_b64decode(protocol.removeprefix(ENCODED_KEY_PROTOCOL) + "==")


def query_key(scope: Scope, headers: AdmissionHeaders) -> Iterator[bytes]:
    """`?api_key=` in the address, where `security.query_keys` allows it: addresses are logged in too many places."""
    for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
        if name == "api_key":
            yield value.encode()


CREDENTIALS: tuple[Credential, ...] = (key_header, bearer, socket_protocol, query_key)
