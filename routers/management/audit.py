"""GET /admin/audit: who did what, for administrators."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Header, Query, Response
from fastapi.responses import JSONResponse

from routers.http.answer import stream_answer
from routers.http.deferred_route import deferred_router
from routers.management.audit_schemas import JSONL, AuditFormat, AuditPage, EntryShape
from stts.access.audit import Action, AuditFilter, AuditStore
from stts.access.audit_trail import AuditTrail
from stts.access.policy import RouteKind, policy
from stts.errors import DatabaseAway, NotFound

READ_AT_ONCE = 500
"""Entries of one read of a stream."""
Name = Annotated[str | None, Query(max_length=200)]
Time = Annotated[float | None, Query(ge=0, le=1e11, allow_inf_nan=False, description="Unix time.")]
Sequence = Annotated[int | None, Query(ge=1, le=2**53, description="Entries below it, for the next page.")]
Most = Annotated[int, Query(ge=1, le=1000)]
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {JSONL: {}}},
    404: {"description": "No audit trail is kept."},
}


class AuditRoutes:
    def __init__(self, audit: AuditTrail | None, store: Callable[[], Awaitable[AuditStore]]) -> None:
        """`audit`: None where none is kept."""
        self._audit = audit
        self._store = store
        self.router = deferred_router("audit")
        self.router.add_api_route(
            "/admin/audit", self.listing, methods=["GET"], response_model=AuditPage, responses=RESPONSES
        )

    @policy(RouteKind.MANAGE)
    async def listing(
        self,
        action: Action | None = None,
        actor: Name = None,
        target: Name = None,
        since: Time = None,
        until: Time = None,
        before: Sequence = None,
        limit: Most = 100,
        format: AuditFormat | None = None,
        accept: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response:
        """Newest first, in pages; as JSONL all of them, oldest first."""
        if self._audit is None:
            raise NotFound("No audit trail is kept: audit.enabled turns it on.")
        # What was written can be read, also where nothing more can be.
        with suppress(DatabaseAway):
            await self._audit.flush()
        store = await self._store()
        wanted = AuditFilter(action=action, actor=actor, target=target, since=since, until=until)
        if format == "jsonl" or (format is None and JSONL in accept.lower()):
            return stream_answer(_lines(store, wanted), lambda: {"content-type": JSONL})
        entries = await store.newest(wanted, before=before, most=limit)
        return JSONResponse(AuditPage.of(entries, most=limit).model_dump(mode="json"))


async def _lines(store: AuditStore, wanted: AuditFilter) -> AsyncGenerator[bytes, None]:
    """Holds no connection of the database while the client reads."""
    after = 0
    while entries := await store.oldest(wanted, after=after, most=READ_AT_ONCE):
        yield b"".join(EntryShape.of(each).model_dump_json().encode() + b"\n" for each in entries)
        after = entries[-1].sequence
