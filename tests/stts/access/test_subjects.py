"""Subjects: on whose behalf the holder of a key asks, each with a share of limits and a line of usage of its own."""

from __future__ import annotations

import pytest

from stts.access.allowances import Period, Unit
from stts.access.key_text import KeyText
from stts.access.keys import NO_LIMITS, KeyLimits
from stts.access.limits import UNBOUNDED, Rate, limits_of
from stts.access.principal import ANONYMOUS, API_KEY_HOLDER, key_holder
from stts.access.roles import Role
from stts.access.subjects import on_behalf
from stts.errors import Forbidden, InvalidParameter
from stts.settings.quotas import QuotaSettings
from tests.stts.access.keys import new_key

NOTHING = QuotaSettings()


def test_each_subject_has_its_own_share_beside_that_of_the_key() -> None:
    limits = KeyLimits(requests_per_minute=600)
    key = new_key(KeyText.new(), limits=limits, subjects=KeyLimits(requests_per_minute=6, characters_per_day=100))
    holder = key_holder(key)
    anna, ben = (limits_of(on_behalf(holder, [name]), "", NOTHING) for name in ("telegram:7", "telegram:8"))
    assert anna.rates[Role.WRITE] == (Rate(f"key:{key.id}", 600), Rate(f"subject:{key.id}:telegram:7", 6))
    assert ben.rates[Role.WRITE][1] == Rate(f"subject:{key.id}:telegram:8", 6)
    (characters,) = anna.amounts
    assert (characters.unit, characters.period, characters.most) == (Unit.CHARACTERS, Period.DAY, 100)
    assert limits_of(holder, "", NOTHING).rates[Role.WRITE] == (Rate(f"key:{key.id}", 600),)


def test_what_a_subject_uses_is_counted_although_nothing_limits_it() -> None:
    key = new_key(KeyText.new(), subjects=NO_LIMITS)
    limits = limits_of(on_behalf(key_holder(key), ["7"]), "", NOTHING)
    assert limits.is_limited and limits.amounts == () and limits.rates == {}
    assert {(each.unit, each.period) for each in limits.told} == {(unit, period) for unit in Unit for period in Period}
    assert {each.most for each in limits.told} == {UNBOUNDED}


def test_a_key_that_may_name_nobody_is_refused() -> None:
    with pytest.raises(Forbidden) as told:
        on_behalf(key_holder(new_key(KeyText.new())), ["7"])
    assert told.value.param == "X-Subject"


@pytest.mark.parametrize("named", [[""], ["a b"], ["a" * 65], ["-a"], ["\u06f7"], ["a", "b"], ["a\n"]])
def test_what_is_no_name_is_refused(named: list[str]) -> None:
    with pytest.raises(InvalidParameter):
        on_behalf(key_holder(new_key(KeyText.new(), subjects=NO_LIMITS)), named)


def test_callers_without_a_key_of_their_own_have_nothing_to_share() -> None:
    for principal in (ANONYMOUS, API_KEY_HOLDER):
        assert on_behalf(principal, ["7"]) is principal
