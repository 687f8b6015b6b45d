"""A voice that fails before its first sound is stood in for by the next, and nobody loses a word."""

from __future__ import annotations

import pytest

from stts.context import Priority
from stts.errors import EngineError, STTSError, UnknownVoice
from stts.streams.live import LiveText
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE, HEARD, STARTED

TEXT = "Hello there, how are you today?"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("raise", "engine_failed"),
        ("nothing", "engine_failed"),
        ("silence", "engine_failed"),
        ("nan", "engine_failed"),
        ("load", "engine_load_failed"),
    ],
)
async def test_the_next_voice_speaks_in_its_place(house: House, fault: str, code: str) -> None:
    FAULTS["a"] = fault
    assert await house.speak(TEXT) == "b"
    assert house.seconds > 0.5
    assert house.context.output_data.fallback == code
    assert house.context.warnings == [f"a could not do this ({code}); b did."]
    assert house.failures("a") == 1
    assert house.context.metrics.characters == len(TEXT)


async def test_a_voice_that_hangs_is_given_up(house: House) -> None:
    await house.warm("a", "b")
    house.set(first_seconds=0.5)
    FAULTS["a"] = "hang"
    assert await house.speak(TEXT) == "b"
    assert house.context.output_data.fallback == "engine_timeout"
    assert house.failures("a") == 1
    leftovers = house.engines.operations.leftovers
    # A busy machine may give it up before it has begun.
    assert len(leftovers) == STARTED.is_set()
    GATE.set()
    await leftovers.close()
    assert len(leftovers) == 0


async def test_all_is_well_without_a_fault(house: House) -> None:
    assert await house.speak(TEXT) == "a"
    assert (house.context.output_data.fallback, house.context.warnings) == (None, [])
    assert house.engines.catalogue.health.of("a").statistics.first_seconds is not None


async def test_from_the_first_sound_on_nothing_is_tried_again(house: House) -> None:
    FAULTS["a"] = "middle"
    with pytest.raises(EngineError):
        await house.speak(TEXT)
    assert house.seconds > 0
    assert {name for name, _ in HEARD} == {"a"}
    assert house.context.output_data.engine == "a"
    assert house.failures("a") == 1


async def test_two_may_fail_before_the_third_speaks(house: House) -> None:
    FAULTS["a"], FAULTS["b"] = "raise", "nan"
    assert await house.speak(TEXT) == "c"
    assert (house.failures("a"), house.failures("b")) == (1, 1)


async def test_where_all_fail_the_first_tells_why_and_nobody_is_charged(house: House) -> None:
    FAULTS.update(a="nan", b="raise", c="nothing")
    for _ in range(4):
        with pytest.raises(EngineError, match="none of its samples is a number"):
            await house.speak(TEXT)
        assert [house.breaker(name) for name in "abc"] == ["closed"] * 3
    assert [house.failures(name) for name in "abc"] == [0, 0, 0]


async def test_what_the_client_got_wrong_is_told_at_once(house: House) -> None:
    with pytest.raises(STTSError, match="No engine that `auto` takes here has this voice"):
        await house.speak(TEXT, voice="nobody-at-all")
    assert HEARD == []


async def test_a_named_engine_is_not_replaced_unless_the_operator_lets_it(house: House) -> None:
    FAULTS["a"] = "raise"
    with pytest.raises(EngineError):
        await house.speak(TEXT, engine="a")
    house.set(named_falls_back=True)
    assert await house.speak(TEXT, engine="a") == "b"
    house.set(fall_back=False)
    with pytest.raises(EngineError):
        await house.speak(TEXT)


async def test_a_cloned_voice_is_never_replaced(house: House) -> None:
    assert await house.speak(TEXT, voice="mine") == "a"
    FAULTS["a"] = "raise"
    with pytest.raises(EngineError):
        await house.speak(TEXT, voice="mine")
    assert {name for name, _ in HEARD} == {"a"}


@pytest.mark.parametrize("voice", ["anna", "ben"])
async def test_the_voice_that_stands_in_is_of_the_same_kind(house: House, voice: str) -> None:
    house.settings = house.settings.model_copy(
        update={"openai": house.settings.openai.model_copy(update={"voices": {"a": {"sage": voice}}})}
    )
    FAULTS["a"] = "raise"
    assert await house.speak(TEXT, voice="sage") == "b"
    assert house.context.output_data.voice == voice


async def test_the_answer_keeps_its_rate(house: House) -> None:
    FAULTS["a"] = "raise"
    await house.speak(TEXT, sample_rate=48_000)
    assert house.context.output_data.audio is not None
    assert house.context.output_data.audio.sample_rate == 48_000


async def test_text_being_written_is_read_again(house: House) -> None:
    FAULTS["a"] = "raise"
    text = LiveText(1000)
    text.write(TEXT)
    text.flush()
    text.write(" And goodbye.")
    text.close()
    assert await house.speak(text) == "b"
    assert " ".join(said for name, said in HEARD if name == "b") == f"{TEXT} And goodbye."


async def test_more_text_than_is_kept_is_not_read_again(house: House) -> None:
    FAULTS["a"] = "raise"
    text = LiveText(100_000)
    text.write("word " * 3000)
    text.close()
    with pytest.raises(EngineError):
        await house.speak(text)


async def test_nobody_waits_for_a_batch_so_that_it_is_waited_for(house: House) -> None:
    FAULTS["a"] = "hang"
    GATE.set()
    assert await house.speak(TEXT, priority=Priority.BATCH) == "a"


async def test_a_network_engine_stands_in_for_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.engines.instance("b"), "network", True)
    FAULTS["a"] = "raise"
    assert await house.speak(TEXT) == "c"


async def test_no_voice_of_another_engine_is_an_answer_to_a_wrong_name(house: House) -> None:
    house.settings = house.settings.model_copy(
        update={"tts": house.settings.tts.model_copy(update={"voices": {"b": "gone"}})}
    )
    FAULTS["a"] = "raise"
    assert await house.speak(TEXT) == "c"
    with pytest.raises(UnknownVoice):
        await house.speak(TEXT, engine="b")
