"""GET /me: who am I, and what may I."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from fastapi import Request
from pydantic import BaseModel, Field

from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.management.key_schemas import RoleName
from stts.access.keys import PriorityClass
from stts.access.policy import RouteKind, policy
from stts.access.principal import ANONYMOUS, Principal
from stts.access.roles import Role


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
    limits: dict[str, int] = Field({}, description="Those that are set.")

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
            limits={name: most for name, most in asdict(key.limits).items() if most is not None},
        )


class MeRoutes:
    def __init__(self) -> None:
        self.router = deferred_router("keys")
        self.router.add_api_route("/me", self.me, methods=["GET"], response_model=Me, summary="Who am I")

    @policy(RouteKind.USE, role=Role.READ)
    async def me(self, request: Request) -> Me:
        return Me.of(principal_of(request))
