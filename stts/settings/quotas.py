"""Limits and quotas of keys, users, addresses and kinds of routes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stts.settings.section import Section, live

LimitName = Literal[
    "requests_per_minute",
    "characters_per_day",
    "characters_per_month",
    "audio_seconds_in_per_day",
    "audio_seconds_in_per_month",
    "audio_seconds_out_per_day",
    "audio_seconds_out_per_month",
    "concurrent",
    "sessions",
]
Most = Annotated[int, Field(ge=0, le=10**12)]
Limits = dict[LimitName, Most]


class QuotaSettings(Section):
    key: Limits = live("Limits of each key that has none of that name itself.", default={})
    user: Limits = live("Limits of all keys of one user together.", default={})
    address: Limits = live(
        "Limits of one client's network (an IPv4 address, an IPv6 /64), with a key or none.", default={}
    )
    routes: dict[Literal["read", "write", "admin"], Most] = live(
        "Requests a minute of one key, or one network without a key, to routes of a role.", default={}
    )

    @property
    def counts_amounts(self) -> bool:
        """True if a limit is an amount of a day or a month, which is kept in the database."""
        return any(name.endswith(("_per_day", "_per_month")) for name in (*self.key, *self.user, *self.address))
