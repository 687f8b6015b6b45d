"""Authentication: Host against DNS rebinding, Origin against foreign web pages, and the key where one is set.

A page's images, players and links send no Origin; browsers then say with Sec-Fetch-Site that the page is a foreign one,
and name it in Referer, unless the page forbids that: then its `<audio crossorigin>` sends an Origin. Links to pages may
be followed from anywhere.

One class for http and websocket. A socket is refused before it is accepted, with the same statuses. What may be read
without a key, and which socket a client secret opens, the policy of the route says; the session that a secret was made
for is left for that route, whether a key is set or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.boundary import refuse
from middleware.edge.credentials import AdmissionHeaders, query_key
from middleware.edge.hosts import Hosts, Origins
from middleware.edge.late_key import LateKeys, MessageKey
from middleware.edge.route_table import RouteMatch, route_match, route_name
from middleware.listener import ListenerSettings
from middleware.serving.extensions import DIRECT
from stts.access.admission import Admission, check_address
from stts.access.audit_trail import AuditTrail
from stts.access.client_secrets import ClientSecrets, Door
from stts.access.directory import KeyDirectory
from stts.access.failures import KeyFailures
from stts.access.policy import Public, RouteKind, RoutePolicy
from stts.access.principal import VISITOR, Principal, named_holders
from stts.access.subjects import on_behalf
from stts.errors import Busy, Forbidden, STTSError, Unauthorized
from stts.settings import SecuritySettings

REFUSALS = frozenset({401, 403, 429})
"""Statuses of refusals that the audit trail counts."""
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

    def __init__(
        self,
        app: ASGIApp,
        listener: ListenerSettings,
        secrets: ClientSecrets | None = None,
        directory: KeyDirectory | None = None,
        audit: AuditTrail | None = None,
        failures: KeyFailures | None = None,
    ) -> None:
        """`directory`: None where keys are off; `audit`: None where no audit trail is kept; `failures`: those that are
        counted with others, if any."""
        self.app = app
        security = listener.security
        self._secrets = secrets
        self._door = Door(listener.name, security)
        self._directory = directory
        self._audit = audit
        self._hosts = Hosts(listener.host, security.allowed_hosts)
        self._origins = Origins(security.allowed_origins)
        failures = failures or KeyFailures()
        self._admission = Admission(_key_bytes(security), directory, failures, named_holders(security))
        self._late_keys = LateKeys()
        self._public_lists = security.public_lists
        self._query_keys = security.query_keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        principal, route = None, route_match(scope)
        try:
            principal = await self._admit(scope, route)
            _check_role(principal, route.policy)
        except STTSError as error:
            key = route.dialect.message_key
            if key is not None and isinstance(error, Unauthorized) and self._may_come_late(scope, route):
                await self._lead_on(scope, receive, send, route, key)
                return
            self._tell_refusal(principal, scope, error)
            await refuse(scope, receive, send, error)
            return
        scope.setdefault("state", {})["principal"] = principal
        if self._directory is not None and principal.key is not None and _ends_with_key(scope, route.policy):
            async with self._directory.uses.until_end(principal.key):
                await self.app(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _lead_on(self, scope: Scope, receive: Receive, send: Send, route: RouteMatch, key: MessageKey) -> None:
        """Admits a socket by the key in its first message, or tells why not and closes it."""
        try:
            direct = (scope.get("extensions") or {}).get(DIRECT)
            socket = await self._late_keys.opened(receive, send, direct)
        except Busy as error:
            await refuse(scope, receive, send, error)
            return
        principal, state = None, scope.setdefault("state", {})
        try:
            offered = key.read(socket.first)
            principal = await self._admission.admit([] if offered is None else [offered], address_of(scope))
            principal = on_behalf(principal, AdmissionHeaders(scope).subjects)
            _check_role(principal, route.policy)
        except STTSError as error:
            self._tell_refusal(principal, scope, error)
            await socket.refuse(key.error_event(error, state.get("request_id") or "", True), error)
            return
        state["principal"] = principal
        await self.app(scope, socket.receive, socket.send)

    def _may_come_late(self, scope: Scope, route: RouteMatch) -> bool:
        """A socket that there is, and to which no key was offered."""
        if scope["type"] != "websocket" or not route.is_route:
            return False
        return not any(True for _ in self._offered(scope, AdmissionHeaders(scope), route))

    def _tell_refusal(self, principal: Principal | None, scope: Scope, error: STTSError) -> None:
        if self._audit is not None and error.status in REFUSALS:
            self._audit.access_refused(principal, address_of(scope), error.status, route_name(scope))

    async def _admit(self, scope: Scope, route: RouteMatch) -> Principal:
        """Raises Forbidden, Unauthorized, TooManyRequests, DatabaseAway."""
        if route.policy.public is Public.ANYWHERE:
            return VISITOR
        headers = AdmissionHeaders(scope)
        self._check_host(headers)
        self._check_origin(scope, headers, route.policy.kind)
        offered = list(self._offered(scope, headers, route))
        # A secret is handed to somebody who is not to choose on whose behalf it opens something.
        found = self._by_secret(scope, offered, route)
        return found or on_behalf(await self._by_key(scope, offered, route), headers.subjects)

    def _by_secret(self, scope: Scope, offered: Sequence[bytes], route: RouteMatch) -> Principal | None:
        """The issuer of a client secret, if one opens this socket. Raises Forbidden for an address that its key does
        not work from."""
        if self._secrets is None or not route.policy.client_secrets:
            return None
        for each in offered:
            found = self._secrets.session(each, self._door)
            issuer = self._current(found.issuer) if found is not None else None
            if found is not None and issuer is not None:
                if issuer.key is not None:
                    check_address(issuer.key, address_of(scope))
                scope.setdefault("state", {})["realtime_session"] = found.session
                return issuer
        return None

    def _is_alive(self, offered: bytes) -> bool:
        """A client secret that opens a socket of Realtime: no wrong key, which would count against its address."""
        found = self._secrets.session(offered, self._door) if self._secrets is not None else None
        return found is not None and self._current(found.issuer) is not None

    def _current(self, issuer: Principal) -> Principal | None:
        """A secret can do what the key of its issuer can do now, not what that could when the secret was made."""
        if issuer.key is None:
            return issuer
        return self._directory.current(issuer) if self._directory is not None else None

    async def _by_key(self, scope: Scope, offered: Sequence[bytes], route: RouteMatch) -> Principal:
        is_open = self._is_open(scope, route.policy)
        if is_open and not offered and not self._admission.is_open:
            return VISITOR
        if offered and not is_open and not self._admission.is_open and all(map(self._is_alive, offered)):
            raise Forbidden("A client secret opens sessions and calls of Realtime alone; this wants a key.")
        try:
            return await self._admission.admit(offered, address_of(scope))
        except Unauthorized:
            if is_open:
                return VISITOR
            raise

    def _offered(self, scope: Scope, headers: AdmissionHeaders, route: RouteMatch) -> Iterator[bytes]:
        """Keys that came in one of the ways of the dialect."""
        for credential in route.dialect.credentials:
            if credential is not query_key or self._query_keys:
                yield from credential(scope, headers)

    def _check_host(self, headers: AdmissionHeaders) -> None:
        if len(headers.hosts) != 1 or not self._hosts.allow(headers.hosts[0]):
            raise Forbidden("This server does not answer under that Host; security.allowed_hosts names further ones.")

    def _check_origin(self, scope: Scope, headers: AdmissionHeaders, kind: RouteKind) -> None:
        origins = headers.origins
        if not origins and headers.is_foreign and not (headers.opens_page and kind is RouteKind.PAGE and _reads(scope)):
            origins = [origin_of(headers.referer) if _reads(scope) else UNNAMED]
        for origin in origins:
            if not self._origins.allow(origin, headers.hosts[0], management=kind is RouteKind.MANAGE):
                raise Forbidden(FOREIGN if origin != UNNAMED or headers.origins else NAMELESS)

    def _is_open(self, scope: Scope, policy: RoutePolicy) -> bool:
        if not _reads(scope):
            return False
        if policy.public is Public.WITHOUT_QUERY:
            return not scope["query_string"]
        return policy.public is Public.ALWAYS or (policy.public is Public.LISTED and self._public_lists)


def _ends_with_key(scope: Scope, policy: RoutePolicy) -> bool:
    """False for a change, which is not left half-made: it may be the very one that ends the key. Sockets are told of it
    by what limits them."""
    changes = policy.action is not None or (policy.kind is RouteKind.MANAGE and not _reads(scope))
    return scope["type"] == "http" and not changes


def _check_role(principal: Principal, policy: RoutePolicy) -> None:
    """Raises Forbidden."""
    if principal.role < policy.role and principal is not VISITOR:
        raise Forbidden(
            f"This needs a key whose role is {policy.role.label}; the role of this one is {principal.role.label}."
        )


def origin_of(referer: str) -> str:
    """The origin of the page that a Referer names; `null` for what names none."""
    scheme, found, rest = referer.partition("://")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    return f"{scheme}://{authority}" if found and authority else UNNAMED


def _reads(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD")


def address_of(scope: Scope) -> str:
    """The address that a request came from; empty where there is none, as on a Unix socket."""
    client = scope.get("client")
    return client[0] if client else ""


def _key_bytes(security: SecuritySettings) -> bytes | None:
    return security.api_key.get_secret_value().encode() if security.api_key is not None else None
