"""The shapes of keys and users, as TTSKit has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stts.access.keys import AccessKey, User
from stts.access.principal import NAMED, Principal
from stts.access.roles import Role
from stts.errors import InvalidParameter

Permission = Literal["read", "write", "admin"]
Permissions = Annotated[list[Permission], Field(min_length=1, max_length=3)]
UserName = Annotated[
    str, StringConstraints(min_length=1, max_length=50, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")
]
HIDDEN = "***hidden***"
UNTIL_YEAR = 2100


class KeyRequest(BaseModel):
    """A new key. It is made here: one of the client's own is refused."""

    model_config = ConfigDict(extra="ignore")

    user_id: UserName
    permissions: Permissions = ["read", "write"]
    expires_at: str | None = Field(None, description="ISO 8601.", max_length=64)
    api_key: str | None = Field(None, description="Refused: keys are made by the server.", max_length=500)


class KeyChange(BaseModel):
    model_config = ConfigDict(extra="ignore")

    permissions: Permissions | None = None
    is_active: bool | None = Field(None, description="false revokes it, for good.")
    expires_at: str | None = Field(None, description="ISO 8601.", max_length=64)
    api_key: str | None = Field(None, description="Refused: keys are made by the server.", max_length=500)


class UserRequest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    user_id: UserName
    is_admin: bool = Field(False, description="Whether it is one is said by its keys.")


class KeyInfo(BaseModel):
    id: str
    user_id: str
    api_key_plain: str = HIDDEN
    permissions: list[Permission]
    is_active: bool
    created_at: str
    last_used: str | None
    expires_at: str | None
    usage_count: int | None = Field(description="Operations, where usage is kept; null: it is not.")

    @classmethod
    def of(cls, key: AccessKey, user: str, now: float, used: int | None) -> KeyInfo:
        return cls(
            id=key.id,
            user_id=user,
            permissions=permissions_of(key.role),
            is_active=key.is_alive(now),
            created_at=iso(key.created_at),
            last_used=None if key.last_used_at is None else iso(key.last_used_at),
            expires_at=None if key.expires_at is None else iso(key.expires_at),
            usage_count=used,
        )


class NewKey(BaseModel):
    id: str
    user_id: str
    api_key: str = Field(description="The key itself. It is shown this once.")
    permissions: list[Permission]
    created_at: str
    expires_at: str | None
    message: str


class UserInfo(BaseModel):
    user_id: str
    username: str | None = None
    email: str | None = None
    is_active: bool
    is_admin: bool = Field(description="Whether a key of it that works is an administrator's.")
    created_at: str
    last_login: str | None = None

    @classmethod
    def of(cls, user: User, *, is_admin: bool, last_used: float | None) -> UserInfo:
        return cls(
            user_id=user.name,
            username=user.name,
            is_active=user.deleted_at is None,
            is_admin=is_admin,
            created_at=iso(user.created_at),
            last_login=None if last_used is None else iso(last_used),
        )


class Myself(BaseModel):
    user_id: str
    permissions: list[Permission]
    api_key: str = "***"
    is_active: bool = True
    is_admin: bool


def user_name(principal: Principal) -> str:
    """The name by which TTSKit knows a caller without a key in the database."""
    return principal.name.removeprefix(NAMED)


def permissions_of(role: Role) -> list[Permission]:
    """The role and all before it: `write` may read."""
    names: tuple[Permission, ...] = ("read", "write", "admin")
    return [name for name in names if Role.named(name) <= role]


def role_of(permissions: list[Permission]) -> Role:
    return max(Role.named(name) for name in permissions)


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def seconds_of(text: str | None) -> float | None:
    """Unix time of an ISO date, of UTC where it names no zone. Raises InvalidParameter."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        found = None
    if found is None or not 1970 < found.year < UNTIL_YEAR:
        raise InvalidParameter("Invalid expiration date format. Use ISO format.", param="expires_at")
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
