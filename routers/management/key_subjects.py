"""/admin/keys/{key_id}/subjects: who uses a key that names subjects, how much, and with which limits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field

from middleware.edge.auditing import note_audit
from routers.http.deferred_route import deferred_router
from routers.management.key_schemas import LimitFields, set_limits
from routers.management.me import Used
from stts.access.administration import AdministrationOpener
from stts.access.allowances import Period, Unit
from stts.access.audit import Action
from stts.access.audit_details import key_changes
from stts.access.keys import AccessKey, KeyLimits
from stts.access.policy import RouteKind, policy
from stts.access.quotas import QuotaBook
from stts.access.subjects import is_name
from stts.errors import InvalidParameter

KeyId = Annotated[str, Path(max_length=64)]
Name = Annotated[str, Path(max_length=64, description="As `X-Subject` names it.")]
Most = Annotated[int, Query(ge=1, le=1000)]
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such key."}}
REFUSED: dict[int | str, dict[str, Any]] = {
    **UNKNOWN,
    409: {"description": "The key may name no subjects, or too many of them have limits of their own."},
}


class SubjectShape(BaseModel):
    name: str
    limits: dict[str, int] = Field(description="Those that hold for it.")
    own_limits: bool = Field(description="Whether they are its own; false: they are those of each subject.")
    used: list[Used] = Field([], description="Sums of this day and month, but for those that are zero.")

    @classmethod
    def of(cls, key: AccessKey, name: str) -> SubjectShape:
        limits = key.limits_of(name)
        own = any(name == each for each, _ in key.subject_limits)
        return cls(name=name, limits={} if limits is None else set_limits(limits), own_limits=own)


class SubjectRoutes:
    def __init__(self, administration: AdministrationOpener, quotas: QuotaBook) -> None:
        self._administration = administration
        self._quotas = quotas
        self.router = deferred_router("keys")
        add, one = self.router.add_api_route, "/admin/keys/{key_id}/subjects/{name}"
        add(
            "/admin/keys/{key_id}/subjects",
            self.listing,
            methods=["GET"],
            response_model=list[SubjectShape],
            responses=UNKNOWN,
        )
        add(one, self.limit, methods=["PUT"], response_model=SubjectShape, responses=REFUSED)
        add(one, self.unlimit, methods=["DELETE"], status_code=204, responses=REFUSED)

    @policy(RouteKind.MANAGE)
    async def listing(
        self,
        key_id: KeyId,
        unit: Annotated[Unit, Query(description="They come in the order of their use of it.")] = Unit.CHARACTERS,
        period: Period = Period.MONTH,
        limit: Most = 100,
    ) -> list[SubjectShape]:
        """Those who used most in this period, and behind them those with limits of their own who used nothing."""
        key = await (await self._administration()).key(key_id)
        found: list[SubjectShape] = []
        for name, sums in (await self._quotas.of_subjects(key_id, unit, period, limit)).items():
            subject = SubjectShape.of(key, name)
            subject.used = [
                Used(unit=each.value, period=span.value, amount=round(amount, 3))
                for (each, span), amount in sums.items()
                if amount > 0
            ]
            found.append(subject)
        known = {subject.name for subject in found}
        others = [SubjectShape.of(key, name) for name, _ in key.subject_limits if name not in known]
        return [*found, *others][:limit]

    @policy(RouteKind.MANAGE, action=Action.KEY_CHANGE)
    async def limit(self, request: Request, key_id: KeyId, name: Name, fields: LimitFields) -> SubjectShape:
        """Limits of this subject alone, in place of those of each: what is left out does not limit it."""
        return SubjectShape.of(await self._change(request, key_id, name, fields.limits()), name)

    @policy(RouteKind.MANAGE, action=Action.KEY_CHANGE)
    async def unlimit(self, request: Request, key_id: KeyId, name: Name) -> Response:
        """The limits of each subject hold for this one again."""
        await self._change(request, key_id, name, None)
        return Response(status_code=204)

    async def _change(self, request: Request, key_id: str, name: str, limits: KeyLimits | None) -> AccessKey:
        if not is_name(name):
            raise InvalidParameter("A subject is a name of up to 64 letters, digits and any of _.:@+-.", param="name")
        administration = await self._administration()
        before = await administration.key(key_id)
        after = await administration.limit_subject(key_id, name, limits)
        note_audit(request, key_id, version=after.version, changes=key_changes(before, after))
        return after
