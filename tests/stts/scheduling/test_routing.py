"""The first rule whose conditions a request meets says which engines it gets."""

from __future__ import annotations

from typing import Any

import pytest

from stts.scheduling.routing import Occasion, first_fitting, fits, ordered, reads_text
from stts.settings.routing import RoutingRule

SPEAKING = Occasion("tts", "realtime", "en-GB", "Latin", "af_heart", 40)


@pytest.mark.parametrize(
    ("conditions", "fitting"),
    [
        ({}, True),
        ({"kind": "stt"}, False),
        ({"languages": ("de", "en")}, True),
        ({"languages": ("en-GB",)}, True),
        ({"languages": ("en-US",)}, False),
        ({"scripts": ("Cyrillic",)}, False),
        ({"scripts": ("Latin",)}, True),
        ({"voices": ("af_*",)}, True),
        ({"voices": ("am_*", "Katja")}, False),
        ({"roles": ("batch", "realtime")}, True),
        ({"roles": ("batch",)}, False),
        ({"max_characters": 39}, False),
        ({"min_characters": 40, "max_characters": 40}, True),
        ({"languages": ("en",), "roles": ("batch",)}, False),
    ],
)
def test_all_conditions_must_be_met(conditions: dict[str, Any], fitting: bool) -> None:
    assert fits(RoutingRule(**conditions), SPEAKING) is fitting


@pytest.mark.parametrize(
    "conditions", [{"languages": ("en",)}, {"scripts": ("Latin",)}, {"voices": ("*",)}, {"min_characters": 1}]
)
def test_a_condition_on_what_is_not_known_is_not_met(conditions: dict[str, Any]) -> None:
    assert not fits(RoutingRule(**conditions), Occasion("tts"))


def test_the_first_rule_that_fits_counts() -> None:
    rules = (RoutingRule(languages=("de",)), RoutingRule(engines=("a",)), RoutingRule(engines=("b",)))
    assert first_fitting(rules, SPEAKING) is rules[1]
    assert first_fitting(rules[:1], SPEAKING) is None


def test_the_others_follow_unless_a_rule_is_exclusive() -> None:
    rule = RoutingRule(engines=("b",), weights={"c": 1})
    assert ordered(rule, ("a", "b")) == ("b", "c", "a")
    assert ordered(rule.model_copy(update={"only": True}), ("a", "b")) == ("b", "c")


def test_rules_on_texts_are_told_from_others() -> None:
    assert not reads_text([RoutingRule(roles=("batch",), voices=("a*",), engines=("x",))])
    assert reads_text([RoutingRule(), RoutingRule(scripts=("Han",))])
