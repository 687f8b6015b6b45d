"""After three failures a voice rests: requests go to the next at once, and a probe brings it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from adapters.fallback.probing import EngineProbe, Probing
from adapters.health.registry import Failure, HealthRegistry
from stts.errors import Busy, EngineError, STTSError
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import SynthesisConfig
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE, HEARD, STARTED
from tests.patience import PATIENCE
from tests.virtual import now, virtual

TEXT = "Hello there."


async def broken(house: House, fault: str = "raise", times: int = 3) -> None:
    FAULTS["a"] = fault
    for _ in range(times):
        await house.speak(TEXT)


async def test_three_failures_open_it_and_the_next_request_goes_elsewhere_at_once(house: House) -> None:
    await broken(house)
    assert house.breaker("a") == "open"
    HEARD.clear()
    assert await house.speak(TEXT) == "b"
    assert {name for name, text in HEARD if text == TEXT} == {"b"}
    assert house.context.output_data.fallback == "breaker_open"
    assert house.context.warnings == ["b stands in for an engine that rests after failures."]


async def test_a_named_engine_is_tried_all_the_same_and_heals(house: House) -> None:
    await broken(house)
    with pytest.raises(EngineError):
        await house.speak(TEXT, engine="a")
    assert house.breaker("a") == "open"
    FAULTS.clear()
    assert await house.speak(TEXT, engine="a") == "a"
    assert house.breaker("a") == "closed"
    assert await house.speak(TEXT) == "a"


async def test_an_engine_that_its_operator_tries_and_that_works_rests_no_more(house: House) -> None:
    await broken(house)
    await house.engines.load("a")
    assert house.breaker("a") == "open"
    FAULTS.clear()
    await house.engines.load("a")
    assert house.breaker("a") == "closed"
    assert await house.speak(TEXT) == "a"


async def test_a_loaded_engine_is_really_run_again_when_it_is_loaded(house: House) -> None:
    await house.warm("a")
    FAULTS["a"] = "nan"
    await house.engines.load("a")
    probe = house.engines.catalogue.describe("a").last_probe
    assert probe is not None and not probe.ok


async def test_a_voice_that_only_a_resting_engine_has_is_asked_of_it(house: House) -> None:
    await broken(house)
    FAULTS.clear()
    assert await house.speak(TEXT, voice="mine") == "a"


async def test_the_same_text_again_and_again_is_charged_once(house: House) -> None:
    FAULTS["a"] = "raise"
    for _ in range(5):
        with pytest.raises(EngineError):
            await house.speak("the poison", engine="a")
    assert (house.breaker("a"), house.failures("a")) == ("closed", 1)


async def test_clients_that_leave_charge_nobody(house: House) -> None:
    FAULTS["a"] = "hang"
    for _ in range(4):
        leaving = asyncio.ensure_future(house.speak(TEXT, engine="a"))
        await asyncio.to_thread(STARTED.wait, PATIENCE)
        STARTED.clear()
        leaving.cancel()
        GATE.set()
        await asyncio.wait([leaving])
        GATE.clear()
    assert house.failures("a") == 0


async def test_a_full_queue_is_passed_by_and_charges_nobody(house: House) -> None:
    limits = house.settings.limits.model_copy(update={"queue_seconds": 0.01})
    house.settings = house.settings.model_copy(update={"limits": limits})
    await house.speak(TEXT)
    async with house.engines.instance("a").slot(0.0):
        assert await house.speak(TEXT) == "b"
    assert (house.context.output_data.fallback, house.failures("a")) == ("busy", 0)


async def test_plans_kept_by_sockets_end_with_the_breaker(house: House) -> None:
    selection = house.engines.selection
    plan = await selection.plan_speech(SynthesisConfig())
    await broken(house)
    again = (await selection.planned(SpeechRequest(TEXT, SynthesisConfig(), plan))).plan
    assert again is not None
    assert (plan.instance, again.instance, again.resting) == ("a", "b", "breaker_open")
    await house.speak(TEXT, engine="b")
    FAULTS.clear()
    await house.speak(TEXT, engine="a")
    assert (await selection.planned(SpeechRequest(TEXT, SynthesisConfig(), again))).plan == plan


async def test_readings_tell_of_it(house: House) -> None:
    await broken(house)
    readings = {each.engine: each for each in house.engines.catalogue.readings()}
    assert (readings["a"].available, readings["a"].breaker, readings["a"].failures) == (False, "open", 3)
    assert 0 < readings["a"].probe_seconds <= 60
    assert readings["a"].last_error == "engine_failed"
    assert (readings["b"].available, readings["b"].requests) == (True, 3)
    assert readings["b"].first_seconds is not None


async def test_a_probe_speaks_like_a_request_and_heals(house: House) -> None:
    await broken(house)
    probe = EngineProbe(house.engines.catalogue, lambda: house.settings, house.engines.operations.leftovers)
    with pytest.raises(EngineError):
        await probe("a")
    FAULTS["a"] = "nan"
    with pytest.raises(EngineError):
        await probe("a")
    FAULTS.clear()
    await probe("a")
    await probe("d")
    FAULTS["d"] = "raise"
    with pytest.raises(EngineError):
        await probe("d")


def registry(settings: Settings | None = None, clock: Callable[[], float] = now) -> HealthRegistry:
    health = HealthRegistry(lambda: settings or Settings(), clock)
    health.add("a", "tts")
    health.add("b", "tts")
    return health


def fail(health: HealthRegistry, name: str, *, done_by: str | None = None) -> None:
    health.judge([Failure(name, EngineError("it broke"))], done_by=done_by)


@virtual
async def test_probes_go_on_until_one_goes_well() -> None:
    health, probed = registry(), []

    async def probe(name: str) -> None:
        probed.append((name, now()))
        if len(probed) == 1:
            raise Busy("no room")
        if len(probed) < 4:
            raise EngineError("still broken")

    probing = Probing(health, probe)
    health.on_open = probing.start
    for _ in range(3):
        fail(health, "a")
    assert health.of("a").breaker.state == "open"
    await asyncio.sleep(10_000)
    assert probed == [("a", 60.0), ("a", 65.0), ("a", 185.0), ("a", 425.0)]
    assert health.closed("a")
    await probing.close()


@virtual
async def test_a_request_that_heals_it_ends_its_probes() -> None:
    health, probed = registry(), []

    async def probe(name: str) -> None:
        probed.append(name)

    probing = Probing(health, probe)
    health.on_open = probing.start
    for _ in range(3):
        fail(health, "a")
    await asyncio.sleep(10)
    health.succeeded("a", now())
    await asyncio.sleep(100)
    assert probed == []
    await probing.close()


@virtual
async def test_probes_end_with_the_server() -> None:
    health = registry()

    async def probe(name: str) -> None:
        raise STTSError("never")

    probing = Probing(health, probe)
    health.on_open = probing.start
    for _ in range(3):
        fail(health, "a")
    await asyncio.sleep(1)
    await probing.close()
    assert len(asyncio.all_tasks()) == 1


def test_what_befalls_all_is_charged_to_nobody() -> None:
    time = [0.0]
    health = registry(clock=lambda: time[0])
    for _ in range(3):
        fail(health, "a")
    assert not health.closed("a")
    time[0] = 2.0
    fail(health, "b")
    assert health.closed("a")
    assert (health.of("a").breaker.failures, health.of("b").breaker.failures) == (0, 0)


def test_what_another_has_done_is_charged() -> None:
    health = registry(clock=lambda: 0.0)
    for _ in range(3):
        fail(health, "a", done_by="b")
    assert not health.closed("a")
