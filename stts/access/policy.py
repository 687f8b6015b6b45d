"""Route policies: what a route is for, which role it needs, who may read it without a key, whether it takes uploads.

A policy stands at its endpoint (`@policy(RouteKind.MANAGE)`); authentication, body limits and CORS ask for it.
docs/access.md lists all of them, and a test compares it with the routes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar

from stts.access.audit import Action
from stts.access.roles import Role

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class RouteKind(Enum):
    HEALTH = "health"
    """Says whether the server works; answered however many connections there are."""
    PAGE = "page"
    """A page for people that does nothing when it is opened: links from anywhere may lead to it."""
    USE = "use"
    """Speaks, listens, converses, or lists what there is for that."""
    MANAGE = "manage"
    """Changes or watches the server: never open to just any web page."""


class Public(Enum):
    """Read access to a route (GET and HEAD) without the key of the server."""

    NEVER = "never"
    LISTED = "listed"
    """Everybody where `security.public_lists` is set: some clients fetch their lists without a key."""
    WITHOUT_QUERY = "without_query"
    """Everybody who does not ask it to work by a query."""
    ALWAYS = "always"
    ANYWHERE = "anywhere"
    """Everybody, under every Host, from every Origin and with every method, so that any watcher can ask."""


class Upload(Enum):
    """Bodies that may be as long as an upload. Any other body is read into memory: for it the JSON limit holds."""

    NONE = "none"
    FORM = "form"
    """A multipart form, which brings files."""
    LINES = "lines"
    """A body of any kind but JSON, which is read as it comes, or a multipart form."""
    FORM_OR_JSON = "form_or_json"
    """A multipart form, or JSON with a recording in base64, which is not kept in memory either."""


NEEDED = {
    RouteKind.HEALTH: Role.READ,
    RouteKind.PAGE: Role.READ,
    RouteKind.USE: Role.WRITE,
    RouteKind.MANAGE: Role.ADMIN,
}
"""Roles that routes need which name none."""


@dataclass(frozen=True)
class RoutePolicy:
    kind: RouteKind
    public: Public = Public.NEVER
    upload: Upload = Upload.NONE
    client_secrets: bool = False
    """True if a short-lived client secret opens it in place of the key."""
    named_role: Role | None = None
    action: Action | None = None
    """The entry of the audit trail that it leaves."""
    operates: bool = False
    """True if one operation begins as soon as its request, which is short, is read."""

    @cached_property
    def role(self) -> Role:
        """The role that a key needs for it."""
        return self.named_role or NEEDED[self.kind]


class MissingPolicy(Exception):
    """A route says nothing about its policy."""


def policy(
    kind: RouteKind,
    public: Public = Public.NEVER,
    upload: Upload = Upload.NONE,
    *,
    client_secrets: bool = False,
    role: Role | None = None,
    action: Action | None = None,
    operates: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Decorates an endpoint with its policy. `role`: the one that a key needs, where it is not that of the kind.
    `action`: the entry of the audit trail that it leaves. `operates`: one operation begins once its request is read."""
    return attach(RoutePolicy(kind, public, upload, client_secrets, role, action, operates))


def attach(stated: RoutePolicy) -> Callable[[Endpoint], Endpoint]:
    def decorate(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["route_policy"] = stated
        return endpoint

    return decorate


def policy_of(endpoint: object) -> RoutePolicy:
    """The policy that stands at an endpoint. Raises MissingPolicy where none does."""
    stated = getattr(endpoint, "route_policy", None)
    if not isinstance(stated, RoutePolicy):
        raise MissingPolicy(f"{endpoint!r} states no policy: decorate it with @policy(RouteKind...).")
    return stated
