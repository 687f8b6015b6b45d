"""The shapes of users and keys."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from stts.access.administration import IssuedKey, KeyWishes
from stts.access.keys import AccessKey, KeyLimits, PriorityClass, User
from stts.access.networks import is_network
from stts.access.roles import Role

RoleName = Literal["read", "write", "admin"]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Entry = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Entries = Annotated[tuple[Entry, ...], Field(max_length=100)]
Most = Annotated[int | None, Field(ge=0, le=10**12)]
Time = Annotated[float | None, Field(gt=0, le=4_102_444_800, description="Unix time.")]
"""Until the year 2100."""


TAKEN_AWAY = ("expires_at", "subjects")
"""Members of a key that null takes away."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class LimitFields(Strict):
    """Limits of one key; null: none of its own. Days and months are those of UTC."""

    requests_per_minute: Most = None
    characters_per_day: Most = None
    characters_per_month: Most = None
    audio_seconds_in_per_day: Most = None
    audio_seconds_in_per_month: Most = None
    audio_seconds_out_per_day: Most = None
    audio_seconds_out_per_month: Most = None
    concurrent: Most = Field(None, description="Operations at once.")
    sessions: Most = Field(None, description="Live sessions at once.")

    def limits(self) -> KeyLimits:
        return KeyLimits(**self.model_dump())


class UserFields(Strict):
    name: Name


class UserShape(BaseModel):
    id: str
    name: str
    created_at: float = Field(description="Unix time.")
    deleted_at: float | None = None

    @classmethod
    def of(cls, user: User) -> UserShape:
        return cls(**asdict(user))


class Networks(Strict):
    allowed_addresses: Entries | None = Field(None, description="Networks it works from, as `10.0.0.0/8`; empty: all.")

    @field_validator("allowed_addresses")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if not all(is_network(each) for each in networks or ()):
            raise ValueError("an address or a network is written as 192.168.1.5, 10.0.0.0/8 or fd00::/8")
        return networks


class KeyFields(Networks):
    """A new key."""

    name: Name
    user_id: str | None = Field(None, max_length=32, description="The owner; null: a new user of the key's name.")
    role: RoleName = Field("write", description="Each role may do all that the ones before it may.")
    priority: PriorityClass = PriorityClass.NORMAL
    expires_at: Time = None
    allowed_engines: Entries = Field((), description="Engines it may use; empty: all.")
    allowed_voices: Entries = Field((), description="Voices it may use; empty: all.")
    cache: bool = Field(True, description="False: its speech is neither answered from the cache nor kept there.")
    limits: LimitFields = LimitFields()
    subjects: LimitFields | None = Field(
        None, description="Limits of each subject that it names (`X-Subject`); null: it may name none."
    )

    def wishes(self, user_id: str) -> KeyWishes:
        return KeyWishes(
            name=self.name,
            user_id=user_id,
            role=Role.named(self.role),
            priority=self.priority,
            expires_at=self.expires_at,
            allowed_addresses=self.allowed_addresses or (),
            allowed_engines=self.allowed_engines,
            allowed_voices=self.allowed_voices,
            cache=self.cache,
            limits=self.limits.limits(),
            subjects=self.subjects.limits() if self.subjects is not None else None,
        )


class KeyChangeFields(Networks):
    """Changes of a key; what is left out stays. `version`: the one that was seen, so that no change is lost."""

    version: int = Field(ge=1)
    name: Name | None = None
    role: RoleName | None = None
    priority: PriorityClass | None = None
    expires_at: Time = None
    allowed_engines: Entries | None = None
    allowed_voices: Entries | None = None
    cache: bool | None = None
    limits: LimitFields | None = Field(None, description="All limits of the key anew.")
    subjects: LimitFields | None = Field(None, description="Those of each of its subjects anew; null: it names none.")

    def changes(self) -> dict[str, object]:
        given = {name: getattr(self, name) for name in self.model_fields_set - {"version"}}
        # An expiry and subjects may be taken away by null; of anything else null changes nothing.
        given = {name: value for name, value in given.items() if value is not None or name in TAKEN_AWAY}
        if self.role is not None:
            given["role"] = Role.named(self.role)
        if self.limits is not None:
            given["limits"] = self.limits.limits()
        if self.subjects is not None:
            given["subjects"] = self.subjects.limits()
        return given


class RotationFields(Strict):
    overlap_seconds: float = Field(0.0, ge=0, le=2_592_000, description="The secret before works on for so long.")


class KeyShape(BaseModel):
    """A key, without its secret."""

    id: str
    name: str
    user_id: str
    role: RoleName
    priority: PriorityClass
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    last_used_at: float | None = Field(description="Written at most once a minute.")
    previous_until: float | None = Field(description="Until then the secret before the last rotation works too.")
    allowed_addresses: tuple[str, ...]
    allowed_engines: tuple[str, ...]
    allowed_voices: tuple[str, ...]
    cache: bool
    limits: dict[str, int] = Field(description="Those that are set.")
    subjects: dict[str, int] | None = Field(description="Limits of each of its subjects; null: it names none.")
    version: int

    @classmethod
    def of(cls, key: AccessKey) -> KeyShape:
        return cls(**_members(key))


class IssuedKeyShape(KeyShape):
    key: str = Field(description="The key itself. It is shown this once.")

    @classmethod
    def issued(cls, issued: IssuedKey) -> IssuedKeyShape:
        return cls(**_members(issued.key), key=str(issued.text))


def _members(key: AccessKey) -> dict[str, object]:
    members = {name: getattr(key, name) for name in KeyShape.model_fields}
    subjects = None if key.subjects is None else set_limits(key.subjects)
    return members | {"role": key.role.label, "limits": set_limits(key.limits), "subjects": subjects}


def set_limits(limits: KeyLimits) -> dict[str, int]:
    return {name: most for name, most in asdict(limits).items() if most is not None}
