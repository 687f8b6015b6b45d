"""Authentication: Host against DNS rebinding, Origin against foreign web pages, and the key where one is set.

A page's images, players and links send no Origin; browsers then say with Sec-Fetch-Site that the page is a foreign one,
and name it in Referer, unless the page forbids that: then its `<audio crossorigin>` sends an Origin. Links to pages may
be followed from anywhere.

One class for http and websocket. A socket is refused before it is accepted, with the same statuses. What may be read
without a key, and which socket a client secret opens, the policy of the route says; the session that a secret was made
for is left for that route, whether a key is set or not.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.boundary import refuse
from middleware.edge.credentials import AdmissionHeaders
from middleware.edge.hosts import Hosts, Origins
from middleware.edge.route_table import RouteMatch, route_match
from middleware.listener import ListenerSettings
from stts.access.client_secrets import ClientSecrets
from stts.access.policy import Public, Role, RoutePolicy
from stts.access.principal import ANONYMOUS, KEY_HOLDER, SECRET_HOLDER, Principal
from stts.errors import Forbidden, STTSError, Unauthorized
from stts.settings import SecuritySettings

UNNAMED = "null"
"""The Origin of a page that does not say which."""
FOREIGN = "Pages of that Origin may not use this; security.allowed_origins names those that may."
NAMELESS = (
    "A page of another origin asked for this and did not say which: put `crossorigin` on its <audio> or <video>, "
    "and its origin into security.allowed_origins."
)


class Authentication:
    """Puts a Principal into `scope["state"]["principal"]`, and the session of a client secret into
    `scope["state"]["realtime_session"]`. Its settings take effect at a start."""

    def __init__(self, app: ASGIApp, listener: ListenerSettings, secrets: ClientSecrets | None = None) -> None:
        self.app = app
        self._secrets = secrets
        self._hosts = Hosts(listener.host, listener.security.allowed_hosts)
        self._origins = Origins(listener.security.allowed_origins)
        self._key = _key_bytes(listener.security)
        self._public_lists = listener.security.public_lists

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            principal = self._admit(scope, route_match(scope))
        except STTSError as error:
            await refuse(scope, receive, send, error)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self.app(scope, receive, send)

    def _admit(self, scope: Scope, route: RouteMatch) -> Principal:
        """Raises Forbidden and Unauthorized."""
        if route.policy.public is Public.ANYWHERE:
            return ANONYMOUS
        headers = AdmissionHeaders(scope)
        self._check_host(headers)
        self._check_origin(scope, headers, route.policy.role)
        has_secret = route.policy.client_secrets and self._take_secret(scope, headers, route)
        if self._key is None:
            return ANONYMOUS
        if has_secret:
            return SECRET_HOLDER
        if any(hmac.compare_digest(offered, self._key) for offered in _offered(scope, headers, route)):
            return KEY_HOLDER
        if self._is_open(scope, route.policy):
            return ANONYMOUS
        raise Unauthorized("This server wants its key: `Authorization: Bearer <key>` or `X-API-Key: <key>`.")

    def _take_secret(self, scope: Scope, headers: AdmissionHeaders, route: RouteMatch) -> bool:
        """True if a client secret opens this socket."""
        if self._secrets is None:
            return False
        for offered in _offered(scope, headers, route):
            if (session := self._secrets.session(offered)) is not None:
                scope.setdefault("state", {})["realtime_session"] = session
                return True
        return False

    def _check_host(self, headers: AdmissionHeaders) -> None:
        if len(headers.hosts) != 1 or not self._hosts.allow(headers.hosts[0]):
            raise Forbidden("This server does not answer under that Host; security.allowed_hosts names further ones.")

    def _check_origin(self, scope: Scope, headers: AdmissionHeaders, role: Role) -> None:
        origins = headers.origins
        if not origins and headers.is_foreign and not (headers.opens_page and role is Role.PAGE and _reads(scope)):
            origins = [origin_of(headers.referer) if _reads(scope) else UNNAMED]
        for origin in origins:
            if not self._origins.allow(origin, headers.hosts[0], management=role is Role.MANAGE):
                raise Forbidden(FOREIGN if origin != UNNAMED or headers.origins else NAMELESS)

    def _is_open(self, scope: Scope, policy: RoutePolicy) -> bool:
        if not _reads(scope):
            return False
        if policy.public is Public.WITHOUT_QUERY:
            return not scope["query_string"]
        return policy.public is Public.ALWAYS or (policy.public is Public.LISTED and self._public_lists)


def origin_of(referer: str) -> str:
    """The origin of the page that a Referer names; `null` for what names none."""
    scheme, found, rest = referer.partition("://")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    return f"{scheme}://{authority}" if found and authority else UNNAMED


def _reads(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD")


def _offered(scope: Scope, headers: AdmissionHeaders, route: RouteMatch) -> Iterator[bytes]:
    """Keys that came in one of the ways of the dialect."""
    for credential in route.dialect.credentials:
        yield from credential(scope, headers)


def _key_bytes(security: SecuritySettings) -> bytes | None:
    return security.api_key.get_secret_value().encode() if security.api_key is not None else None
