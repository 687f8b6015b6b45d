"""Who may come in: Host against DNS rebinding, Origin against foreign web pages, and the key where one is set.

A page's images, players and links send no Origin; browsers then say with Sec-Fetch-Site that the page is a foreign one,
and name it in Referer, unless the page forbids that: then its `<audio crossorigin>` sends an Origin. Links to PAGES may
be followed from anywhere.

One class for http and websocket. A socket is refused before it is accepted, with the same statuses. A client secret
opens sockets of /v1/realtime only; the session that it was made for is left for the door, whether a key is set or not.

Without a key go: the docs page, the talk page and what they load; /health; /ready when it is not asked to work (no
query); with `security.public_lists` the two lists that some clients fetch without one. /health also answers to every
Host and Origin, so that any watcher can ask.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.boundary import refuse
from middleware.edge.errors import local_path
from middleware.edge.hosts import Hosts, Origins
from stts.access.client_secrets import PATH as SECRETS_PATH
from stts.access.client_secrets import ClientSecrets
from stts.access.principal import ANONYMOUS, KEY_HOLDER, SECRET_HOLDER, Principal
from stts.errors import Forbidden, STTSError, Unauthorized
from stts.settings import CurrentSettings, Settings

HEALTH = "/health"
READY = "/ready"
PUBLIC_LISTS = frozenset({"/v1/audio/voices", "/v1/audio/models"})
MANAGEMENT = ("/config", "/files", "/analytics", "/engines", "/metrics")
"""Routes that change or watch the server, and everything below them."""
PAGES = frozenset({"/", "/docs", "/talk"})
"""Pages for people, which do nothing when they are opened."""
DOCUMENTS = PAGES | {"/openapi.json"}
"""What every server of this kind says to everybody: nothing in it is secret, and a browser cannot send a key for it."""
DOCUMENT_FILES = ("/static-offline-docs/", "/talk/")
"""Scripts and styles of the pages."""
FOREIGN_SITES = frozenset({b"cross-site", b"same-site"})
"""Of Sec-Fetch-Site: another origin. Ports do not count for a site: any other server of this host is `same-site`."""
UNNAMED = "null"
"""The Origin of a page that does not say which."""
FOREIGN = "Pages of that Origin may not use this; security.allowed_origins names those that may."
NAMELESS = (
    "A page of another origin asked for this and did not say which: put `crossorigin` on its <audio> or <video>, "
    "and its origin into security.allowed_origins."
)
KEY_PROTOCOL = "openai-insecure-api-key."
"""Browsers cannot set headers on a socket: they offer the key as a subprotocol."""


class Access:
    """Puts a Principal into `scope["state"]["principal"]`, and the session of a client secret into
    `scope["state"]["realtime_session"]`. Its settings take effect at a start."""

    def __init__(self, app: ASGIApp, settings: CurrentSettings, secrets: ClientSecrets | None = None) -> None:
        self.app = app
        self._secrets = secrets
        now = settings()
        self._hosts = Hosts(now)
        self._origins = Origins(now.security.allowed_origins)
        self._key = _key_bytes(now)
        self._public_lists = now.security.public_lists

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            principal = self._admit(scope)
        except STTSError as error:
            await refuse(scope, receive, send, error)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self.app(scope, receive, send)

    def _admit(self, scope: Scope) -> Principal:
        """Raises Forbidden and Unauthorized."""
        path = local_path(scope)
        if scope["type"] == "http" and path == HEALTH:
            return ANONYMOUS
        headers = _Headers(scope)
        self._check_host(headers)
        self._check_origin(scope, headers, path)
        has_secret = self._take_secret(scope, headers, path)
        if self._key is None:
            return ANONYMOUS
        if has_secret:
            return SECRET_HOLDER
        if any(hmac.compare_digest(offered, self._key) for offered in _offered(scope, headers)):
            return KEY_HOLDER
        if self._is_open(scope, path):
            return ANONYMOUS
        raise Unauthorized("This server wants its key: `Authorization: Bearer <key>` or `X-API-Key: <key>`.")

    def _take_secret(self, scope: Scope, headers: _Headers, path: str) -> bool:
        """Whether a client secret opens this socket."""
        if self._secrets is None or scope["type"] != "websocket" or path != SECRETS_PATH:
            return False
        for offered in _offered(scope, headers):
            if (session := self._secrets.session(offered)) is not None:
                scope.setdefault("state", {})["realtime_session"] = session
                return True
        return False

    def _check_host(self, headers: _Headers) -> None:
        if len(headers.hosts) != 1 or not self._hosts.allow(headers.hosts[0]):
            raise Forbidden("This server does not answer under that Host; security.allowed_hosts names further ones.")

    def _check_origin(self, scope: Scope, headers: _Headers, path: str) -> None:
        management = is_management(path)
        origins = headers.origins
        if not origins and headers.is_foreign and not (headers.opens_page and path in PAGES and _reads(scope)):
            origins = [origin_of(headers.referer) if _reads(scope) else UNNAMED]
        for origin in origins:
            if not self._origins.allow(origin, headers.hosts[0], management=management):
                raise Forbidden(FOREIGN if origin != UNNAMED or headers.origins else NAMELESS)

    def _is_open(self, scope: Scope, path: str) -> bool:
        if not _reads(scope):
            return False
        if path == READY:
            return not scope["query_string"]
        if path in DOCUMENTS or path.startswith(DOCUMENT_FILES):
            return True
        return self._public_lists and path in PUBLIC_LISTS


def is_management(path: str) -> bool:
    return path.startswith(tuple(f"{prefix}/" for prefix in MANAGEMENT)) or path in MANAGEMENT


class _Headers:
    """What this class reads of the headers, in one pass."""

    __slots__ = ("authorizations", "hosts", "is_foreign", "keys", "opens_page", "origins", "protocols", "referer")

    def __init__(self, scope: Scope) -> None:
        self.hosts: list[str] = []
        self.origins: list[str] = []
        self.authorizations: list[bytes] = []
        self.keys: list[bytes] = []
        self.protocols: list[str] = []
        self.referer = ""
        self.is_foreign = False
        """Whether a page of another origin is behind it."""
        self.opens_page = False
        """Whether the answer becomes a page of its own, not a part or a frame of another."""
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
            elif name == b"referer":
                self.referer = value.decode("latin-1")
            elif name == b"sec-fetch-site":
                self.is_foreign = value.strip().lower() in FOREIGN_SITES
            elif name == b"sec-fetch-dest":
                self.opens_page = value.strip().lower() == b"document"


def origin_of(referer: str) -> str:
    """The origin of the page that a Referer names; `null` for what names none."""
    scheme, found, rest = referer.partition("://")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    return f"{scheme}://{authority}" if found and authority else UNNAMED


def _reads(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD")


def _offered(scope: Scope, headers: _Headers) -> Iterator[bytes]:
    yield from headers.keys
    for value in headers.authorizations:
        scheme, _, key = value.partition(b" ")
        if scheme.lower() == b"bearer":
            yield key.strip()
    if scope["type"] == "websocket":
        for protocol in headers.protocols:
            if protocol.startswith(KEY_PROTOCOL):
                yield protocol.removeprefix(KEY_PROTOCOL).encode("latin-1")
        for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
            if name == "api_key":
                yield value.encode()


def _key_bytes(settings: Settings) -> bytes | None:
    key = settings.security.api_key
    return key.get_secret_value().encode() if key is not None else None
