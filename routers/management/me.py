"""GET /me: who am I, and what may I."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Literal

from fastapi import Request
from pydantic import BaseModel, Field

from routers.http.deferred_route import deferred_router
from routers.http.operation import network_of, principal_of
from routers.management.key_schemas import RoleName
from stts.access.allowances import Standing
from stts.access.keys import KeyLimits, PriorityClass
from stts.access.limits import limits_of
from stts.access.policy import RouteKind, policy
from stts.access.principal import ANONYMOUS, Principal
from stts.access.quotas import QuotaBook
from stts.access.roles import Role
from stts.errors import DatabaseAway
from stts.settings import CurrentSettings


class Left(BaseModel):
    of: str = Field(description="Whose quota it is: `key`, `subject`, `user` or `address`.")
    limit: str = Field(description="Its name, as in `limits`.")
    most: float
    left: float
    reset_seconds: float = Field(description="Until its day or month ends.")

    @classmethod
    def standing(cls, standing: Standing) -> Left:
        allowance = standing.allowance
        return cls(
            of=allowance.subject.partition(":")[0],
            limit=f"{allowance.unit}_per_{allowance.period}",
            most=allowance.most,
            left=round(standing.left, 3),
            reset_seconds=round(standing.reset_seconds, 1),
        )


class Used(BaseModel):
    unit: Literal["characters", "audio_seconds_in", "audio_seconds_out"]
    period: Literal["day", "month"]
    amount: float

    @classmethod
    def standing(cls, standing: Standing) -> Used:
        allowance = standing.allowance
        amount = round(allowance.most - standing.left, 3)
        return cls(unit=allowance.unit.value, period=allowance.period.value, amount=amount)


class Me(BaseModel):
    kind: Literal["anonymous", "api_key", "key"] = Field(
        description="`anonymous`: no key is wanted; `api_key`: the one of the configuration; `key`: one of its own."
    )
    role: RoleName
    key_id: str | None = None
    key_name: str | None = None
    user_id: str | None = None
    priority: PriorityClass | None = None
    expires_at: float | None = Field(None, description="Unix time.")
    allowed_engines: tuple[str, ...] = Field((), description="Empty: all.")
    allowed_voices: tuple[str, ...] = Field((), description="Empty: all.")
    cache: bool | None = Field(None, description="False: its speech is neither answered from the cache nor kept there.")
    limits: dict[str, int] = Field({}, description="Those that are set.")
    subject: str | None = Field(None, description="On whose behalf the request asks (`X-Subject`).")
    used: list[Used] = Field([], description="What that subject has used.")
    subjects: dict[str, int] | None = Field(
        None, description="Limits of each subject that the key may name; null: it may name none."
    )
    left: list[Left] = Field([], description="What is left of each quota that counts for the caller.")

    @classmethod
    def of(cls, principal: Principal) -> Me:
        key, role = principal.key, principal.role.label
        if key is None:
            return cls(kind="anonymous" if principal is ANONYMOUS else "api_key", role=role)
        return cls(
            kind="key",
            role=role,
            key_id=key.id,
            key_name=key.name,
            user_id=key.user_id,
            priority=key.priority,
            expires_at=key.expires_at,
            allowed_engines=key.allowed_engines,
            allowed_voices=key.allowed_voices,
            cache=key.cache,
            limits=_set(key.limits),
            subject=principal.subject or None,
            subjects=None if key.subjects is None else _set(key.subjects),
        )


def _set(limits: KeyLimits) -> dict[str, int]:
    return {name: most for name, most in asdict(limits).items() if most is not None}


class MeRoutes:
    def __init__(self, quotas: QuotaBook, settings: CurrentSettings) -> None:
        self._quotas = quotas
        self._settings = settings
        self.router = deferred_router("keys")
        self.router.add_api_route("/me", self.me, methods=["GET"], response_model=Me, summary="Who am I")

    @policy(RouteKind.USE, role=Role.READ)
    async def me(self, request: Request) -> Me:
        """The caller may do this, and has so much left of its quotas; the address counts where it has one."""
        principal = principal_of(request)
        limits = limits_of(principal, network_of(request), self._settings().quotas)
        wanted, told = limits.amounts, limits.told
        me = Me.of(principal)
        # Who one is can be told while the database is away; of what is left, what is known here.
        with suppress(DatabaseAway):
            await self._quotas.look([*wanted, *told])
        me.left = [Left.standing(each) for each in self._quotas.standings(wanted)]
        me.used = [Used.standing(each) for each in self._quotas.standings(told)]
        return me
