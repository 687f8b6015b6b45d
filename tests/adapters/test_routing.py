"""`auto` follows the operator's rules, and takes for open connections what is fast enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.routing import _best
from stts.context import Priority
from stts.errors import UnknownParameter
from stts.plans import SpeechPlan, SpeechRequest
from stts.settings import RoutingRule
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig
from tests.adapters.fallback.conftest import House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    yield made
    await made.engines.close()


async def taken(house: House, text: str = "Hello.", priority: Priority = Priority.STREAM, **config: Any) -> str:
    request = SpeechRequest(text, SynthesisConfig(**config))
    planned = await house.engines.selection.planned(request, priority)
    assert planned.plan is not None
    return planned.plan.instance


async def test_the_first_rule_that_fits_says_who_speaks(house: House) -> None:
    house.set(
        rules=(
            RoutingRule(languages=("de",), engines=("c",)),
            RoutingRule(roles=("batch",), engines=("b",)),
            RoutingRule(min_characters=100, engines=("c", "b")),
            RoutingRule(scripts=("Cyrillic",), engines=("b",)),
            RoutingRule(voices=("be*",), engines=("c",)),
        )
    )
    assert await taken(house) == "a"
    assert await taken(house, language="de") == "c"
    assert await taken(house, priority=Priority.BATCH) == "b"
    assert await taken(house, "word " * 30) == "c"
    assert await taken(house, "Привет, как дела") == "b"
    assert await taken(house, voice="ben") == "c"


async def test_rules_for_listening_are_their_own(house: House) -> None:
    plan = house.engines.selection.plan_transcription
    house.set(rules=(RoutingRule(engines=("b",)), RoutingRule(kind="stt", languages=("de",), engines=("e",))))
    assert (await plan(TranscriptionConfig())).instance == "d"
    assert (await plan(TranscriptionConfig(language="de-DE"))).instance == "e"


async def test_a_rule_that_no_engine_can_follow_gives_way_unless_it_is_exclusive(house: House) -> None:
    house.set(rules=(RoutingRule(engines=("b",)),))
    assert await taken(house, language="de") == "c"
    house.set(rules=(RoutingRule(engines=("b",), only=True),))
    with pytest.raises(Exception, match="language"):
        await taken(house, language="de")


async def test_requests_are_shared_by_weight(house: House) -> None:
    house.set(rules=(RoutingRule(weights={"a": 3, "c": 1}),))
    assert Counter([await taken(house) for _ in range(8)]) == {"a": 6, "c": 2}


async def test_a_share_of_an_engine_that_rests_goes_to_the_others(house: House) -> None:
    house.set(rules=(RoutingRule(weights={"a": 3, "c": 1}),))
    house.engines.instance("a").lifecycle.state = "failed"
    assert Counter([await taken(house) for _ in range(4)]) == {"c": 4}


async def test_open_connections_get_no_engine_that_is_too_slow(house: House) -> None:
    house.engines.instance("a").observe(10.0, 9.0)
    assert await taken(house, priority=Priority.REALTIME) == "b"
    assert await taken(house, priority=Priority.STREAM) == "a"
    house.set(realtime_factor=1.0)
    assert await taken(house, priority=Priority.REALTIME) == "a"


async def test_the_only_one_is_taken_though_it_is_slow_and_that_is_told(house: House) -> None:
    house.engines.instance("c").observe(10.0, 9.0)
    plan = await house.engines.selection.plan_speech(SynthesisConfig(language="de"), Priority.REALTIME)
    assert plan.instance == "c"
    assert plan.warnings == ("c is too slow on this machine for a conversation, but no other engine can do this.",)
    plan = await house.engines.selection.plan_speech(SynthesisConfig(language="de"), Priority.STREAM)
    assert plan.warnings == ()


async def test_a_plan_ends_with_a_rule_on_its_text(house: House) -> None:
    selection = house.engines.selection
    house.set(rules=(RoutingRule(min_characters=100, engines=("c",)),))
    plan = await selection.plan_speech(SynthesisConfig())
    long, short = "word " * 30, "word"
    planned = [(await selection.planned(SpeechRequest(text, SynthesisConfig(), plan))).plan for text in (long, short)]
    assert [each.instance for each in planned if each is not None] == ["c", "a"]


async def test_of_a_parameter_that_no_engine_has_the_first_engine_tells_its_own() -> None:
    async def refuse(name: str) -> SpeechPlan:
        raise UnknownParameter("This engine has no such parameter.", param="wibble", allowed=[name])

    refusal = (await _best(["first", "last"], refuse)).refusal
    assert isinstance(refusal, UnknownParameter) and refusal.allowed == ["first"]
