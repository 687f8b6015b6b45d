"""The limits of a caller: worked out once, anew when its key or the settings change."""

from __future__ import annotations

from dataclasses import replace

from stts.access.allowances import Allowance, Period, Unit
from stts.access.key_text import KeyText
from stts.access.keys import AccessKey, KeyLimits
from stts.access.limits import UNLIMITED, Rate, limits_of
from stts.access.principal import ANONYMOUS, API_KEY_HOLDER, key_holder
from stts.access.roles import Role
from stts.settings.quotas import QuotaSettings

NOTHING = QuotaSettings()
NETWORK = "192.0.2.7"


def key(limits: KeyLimits) -> AccessKey:
    text = KeyText.new()
    return AccessKey(
        id=text.id, user_id="ben", name="", role=Role.WRITE, secret_hash=text.hash, created_at=0.0, limits=limits
    )


def test_they_are_worked_out_once_for_a_key_as_it_stands() -> None:
    mine = key(KeyLimits(requests_per_minute=60))
    limits = limits_of(key_holder(mine), "", NOTHING)
    assert limits_of(key_holder(mine), "", NOTHING) is limits
    changed = replace(mine, version=2, limits=KeyLimits(requests_per_minute=30))
    assert limits_of(key_holder(changed), "", NOTHING).rates[Role.WRITE] == (Rate(f"key:{mine.id}", 30),)


def test_changed_settings_hold_at_once() -> None:
    holder = key_holder(key(KeyLimits()))
    assert not limits_of(holder, "", NOTHING).is_limited
    limits = limits_of(holder, "", QuotaSettings(user={"characters_per_day": 5}))
    assert limits.is_limited and limits.amounts == (Allowance("user:ben", Unit.CHARACTERS, Period.DAY, 5),)
    assert set(limits.allowances) == {Unit.CHARACTERS} and not limits.rates


def test_rates_of_routes_hold_for_their_role_only() -> None:
    mine = key(KeyLimits(requests_per_minute=60))
    limits = limits_of(key_holder(mine), "", QuotaSettings(routes={"admin": 3}))
    own = Rate(f"key:{mine.id}", 60)
    assert limits.rates[Role.WRITE] == limits.rates[Role.READ] == (own,)
    assert limits.rates[Role.ADMIN] == (own, Rate(f"route:admin:key:{mine.id}", 3))


def test_who_has_no_key_is_limited_as_a_network_and_never_on_this_machine() -> None:
    quotas = QuotaSettings(address={"concurrent": 2}, routes={"read": 9})
    assert limits_of(ANONYMOUS, "", quotas) is UNLIMITED
    assert limits_of(API_KEY_HOLDER, NETWORK, NOTHING) is UNLIMITED
    limits = limits_of(ANONYMOUS, NETWORK, quotas)
    assert [subject.name for subject in limits.subjects] == [f"address:{NETWORK}"]
    assert limits.rates == {Role.READ: (Rate(f"route:read:address:{NETWORK}", 9),)}
    assert not limits_of(ANONYMOUS, NETWORK, QuotaSettings(routes={"read": 9})).is_limited
