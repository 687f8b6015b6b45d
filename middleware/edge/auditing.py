"""Audit: an entry for each request whose route states an action, by who made it, with what the route notes about it.

A refused request changed nothing and leaves none here. One that failed, or whose client left, may have changed
something: it leaves one.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.authentication import address_of
from middleware.edge.route_table import route_match
from stts.access.audit import Action
from stts.access.audit_trail import AuditTrail
from stts.access.principal import ANONYMOUS, Principal

NOTES = "audit_notes"
"""Key of the notes in `scope["state"]`."""


class _Notes:
    """Notes of a route for its entry."""

    def __init__(self) -> None:
        self.target: str | None = None
        self.details: dict[str, Any] = {}
        self.is_left_out = False


class Auditing:
    """Only there where an audit trail is kept."""

    def __init__(self, app: ASGIApp, audit: AuditTrail) -> None:
        self.app = app
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        action = route_match(scope).policy.action
        if scope["type"] != "http" or action is None:
            await self.app(scope, receive, send)
            return
        notes = scope.setdefault("state", {})[NOTES] = _Notes()
        status: int | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._record(scope, action, notes, status)
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            if status is None:
                self._record(scope, action, notes, None)

    def _record(self, scope: Scope, action: Action, notes: _Notes, status: int | None) -> None:
        """`status`: None where there was no answer."""
        if notes.is_left_out or (status is not None and 400 <= status < 500):
            return
        state = scope["state"]
        principal: Principal = state.get("principal") or ANONYMOUS
        about = {"status": status, "address": address_of(scope), "request_id": state.get("request_id")}
        target = notes.target if notes.target is not None else "/".join(map(str, scope.get("path_params", {}).values()))
        self._audit.record(principal.name, action, target, {**notes.details, **about})


def note_audit(connection: HTTPConnection, target: str | None = None, **details: Any) -> None:
    """Says what the entry of this request is about, where one is kept: `target` where the path does not name it."""
    notes = _notes(connection)
    if notes is not None:
        notes.target = target if target is not None else notes.target
        notes.details |= details


def skip_audit(connection: HTTPConnection) -> None:
    """Says that this request changed nothing."""
    if (notes := _notes(connection)) is not None:
        notes.is_left_out = True


def _notes(connection: HTTPConnection) -> _Notes | None:
    found: _Notes | None = connection.scope.get("state", {}).get(NOTES)
    return found
