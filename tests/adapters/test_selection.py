"""When a plan that was made before still holds, and when it is made anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from stts.access.permission import Permission
from stts.engine_api import Voice
from stts.errors import EngineNotInstalled, Forbidden, UnknownVoice
from stts.plans import SpeechPlan, SpeechRequest
from stts.settings import Settings, STTSettings, TTSSettings
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig
from tests.fakes import registry
from tests.wired import Engines, Library

ENGLISH, GERMAN = "Hello there, how are you?", "Guten Morgen, wie geht es Ihnen heute?"


class House:
    """Engines whose settings a test may change."""

    def __init__(self) -> None:
        self.settings = Settings(tts=TTSSettings(order=("tone", "espeak")), stt=STTSettings(order=("echo",)))
        self.engines = Engines(registry(), lambda: self.settings)

    async def plan(self, config: SynthesisConfig) -> SpeechPlan:
        return await self.engines.selection.plan_speech(config)

    async def planned(self, config: SynthesisConfig, text: str = ENGLISH) -> SpeechPlan:
        plan = (await self.engines.selection.planned(SpeechRequest(text, config))).plan
        assert plan is not None
        return plan

    async def replanned(self, plan: SpeechPlan, config: SynthesisConfig, text: str = ENGLISH) -> SpeechPlan:
        planned = await self.engines.selection.planned(SpeechRequest(text, config, plan))
        assert planned.plan is not None
        return planned.plan


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.engines.close()


async def test_a_plan_holds_for_texts_in_the_language_of_its_voice(house: House) -> None:
    plan = await house.plan(SynthesisConfig())
    assert await house.replanned(plan, SynthesisConfig()) is plan
    assert await house.replanned(plan, SynthesisConfig(), "123") is plan
    assert await house.replanned(plan, SynthesisConfig(detected="en")) is plan


async def test_another_language_is_planned_for_itself(house: House) -> None:
    plan = await house.plan(SynthesisConfig())
    other = await house.replanned(plan, SynthesisConfig(), GERMAN)
    assert (plan.instance, other.instance, other.voice.id) == ("tone", "espeak", "de")
    assert await house.replanned(other, SynthesisConfig(), GERMAN) == other
    assert (await house.replanned(other, SynthesisConfig())).instance == "tone"


async def test_a_language_asked_for_decides_alone(house: House) -> None:
    config = SynthesisConfig(language="en")
    plan = await house.plan(config)
    assert await house.replanned(plan, config, GERMAN) is plan


async def test_a_plan_does_not_hold_for_another_configuration(house: House) -> None:
    plan = await house.plan(SynthesisConfig())
    other = await house.replanned(plan, SynthesisConfig(format="mp3"))
    assert (other.output.format, other.asked.format) == ("mp3", "mp3")


async def test_a_plan_does_not_outlast_the_settings_it_was_made_by(house: House) -> None:
    plan = await house.plan(SynthesisConfig())
    house.settings = Settings(tts=TTSSettings(order=("espeak",)))
    assert (await house.replanned(plan, SynthesisConfig())).instance == "espeak"


async def test_a_plan_of_auto_does_not_outlast_its_engine(house: House) -> None:
    plan = await house.plan(SynthesisConfig())
    house.engines.instance("tone").lifecycle.state = "failed"
    assert (await house.replanned(plan, SynthesisConfig())).instance == "espeak"


async def test_a_recording_that_is_cloned_is_looked_for_each_time(house: House) -> None:
    plan = await house.plan(SynthesisConfig())
    cloned = replace(plan, voice=replace(plan.voice, reference="references/anna.wav"))
    assert (await house.replanned(cloned, SynthesisConfig())).voice.reference is None


async def test_a_plan_names_who_would_be_asked_next(house: House) -> None:
    assert (await house.plan(SynthesisConfig())).alternatives == ("espeak",)
    assert (await house.plan(SynthesisConfig(engine="tone"))).alternatives == ()
    assert (await house.engines.selection.plan_transcription(TranscriptionConfig())).alternatives == ()


async def test_a_plan_is_made_once_for_all_who_ask_alike(house: House) -> None:
    plan = await house.planned(SynthesisConfig())
    assert await house.planned(SynthesisConfig(), "Another text, which is English too.") is plan
    assert await house.planned(SynthesisConfig(), GERMAN) is not plan
    assert await house.planned(SynthesisConfig(parameters={"warp": 1}, ignore_unknown_parameters=True)) is not plan
    assert (await house.planned(SynthesisConfig(permission=Permission(engines=("espeak",))))).instance == "espeak"


async def test_what_was_planned_for_others_ends_with_its_grounds(house: House) -> None:
    plan = await house.planned(SynthesisConfig())
    house.engines.catalogue.weights.forget("espeak")
    assert (again := await house.planned(SynthesisConfig())) == plan and again is not plan
    house.engines.instance("tone").lifecycle.state = "failed"
    assert (await house.planned(SynthesisConfig())).instance == "espeak"
    house.settings = Settings(tts=TTSSettings(order=("tone",)))
    with pytest.raises(EngineNotInstalled):
        await house.planned(SynthesisConfig())


async def test_a_voice_of_the_library_is_looked_for_each_time() -> None:
    stored = {"anna": Voice("anna", reference="references/anna.wav")}
    settings = Settings(tts=TTSSettings(order=("tone", "espeak")))
    engines = Engines(registry(), lambda: settings, Library(stored.get))
    request = SpeechRequest(ENGLISH, SynthesisConfig(voice="anna"))
    with pytest.raises(UnknownVoice, match="to be cloned"):
        await engines.selection.planned(request)
    stored.clear()
    with pytest.raises(UnknownVoice) as caught:
        await engines.selection.planned(request)
    assert "to be cloned" not in str(caught.value)
    await engines.close()


@pytest.mark.parametrize("engine", ["tone", "espeak"])
async def test_the_same_speech_again_has_the_same_key(house: House, engine: str) -> None:
    first, again = [(await house.plan(SynthesisConfig(engine=engine))).key(ENGLISH) for _ in range(2)]
    assert first == again != (await house.plan(SynthesisConfig(engine=engine, speed=1.5))).key(ENGLISH)


async def test_a_caller_gets_the_engines_that_it_may_use(house: House) -> None:
    only = Permission(engines=("espeak",))
    assert (await house.plan(SynthesisConfig(permission=only))).instance == "espeak"
    with pytest.raises(Forbidden) as caught:
        await house.plan(SynthesisConfig("tone", permission=only))
    assert caught.value.allowed == ["espeak"]
    with pytest.raises(Forbidden, match="works here"):
        await house.plan(SynthesisConfig(permission=Permission(engines=("chatterbox",))))


async def test_no_other_engine_stands_in_than_the_caller_may_use(house: House) -> None:
    plan = await house.plan(SynthesisConfig(permission=Permission(engines=("tone",))))
    assert plan.alternatives == ()
    assert (await house.plan(SynthesisConfig())).alternatives == ("espeak",)


async def test_a_caller_gets_a_voice_that_it_may_use(house: House) -> None:
    only = Permission(voices=("nobody", "high"))
    assert (await house.plan(SynthesisConfig(permission=only))).voice.id == "high"
    assert (await house.plan(SynthesisConfig(voice="high", permission=only))).voice.id == "high"
    with pytest.raises(Forbidden) as caught:
        await house.plan(SynthesisConfig(voice="low", permission=only))
    assert caught.value.param == "voice"
    with pytest.raises(Forbidden):
        await house.plan(SynthesisConfig("espeak", "de", permission=only))


async def test_of_a_callers_voices_the_first_that_speaks_the_language_is_taken(house: House) -> None:
    only = Permission(voices=("en-us", "de"))
    assert (await house.plan(SynthesisConfig("espeak", language="de", permission=only))).voice.id == "de"
    assert (await house.plan(SynthesisConfig("espeak", detected="de", permission=only))).voice.id == "de"
    assert (await house.plan(SynthesisConfig("espeak", permission=only))).voice.id == "en-us"
    foreign = await house.plan(SynthesisConfig("espeak", language="fr", permission=only))
    assert (foreign.voice.id, foreign.exact) == ("en-us", False)


@pytest.mark.parametrize("voice", [None, "alloy"])
async def test_a_fall_back_speaks_with_the_hosted_name_that_the_caller_may_use(house: House, voice: str | None) -> None:
    config = SynthesisConfig(voice=voice, permission=Permission(voices=("alloy",)))
    plan = await house.plan(config)
    found = await house.engines.selection.next_speech(plan, frozenset({"tone"}))
    assert found is not None
    assert (plan.instance, found.instance, found.voice.id, found.asked) == ("tone", "espeak", "en-us", config)
    assert await house.engines.selection.next_speech(found, frozenset({"tone", "espeak"})) is None


async def test_no_fall_back_speaks_with_another_voice_than_the_caller_may_use(house: House) -> None:
    plan = await house.plan(SynthesisConfig(permission=Permission(voices=("high",))))
    found = await house.engines.selection.next_speech(plan, frozenset({"tone"}))
    assert plan.voice.id == "high" and found is None


async def test_a_voice_that_is_like_one_of_the_callers_is_none_of_them(house: House) -> None:
    only = Permission(voices=("af_heart",))
    assert (await house.plan(SynthesisConfig(voice="af_heart"))).exact is False
    for voice in ("af_heart", None):
        with pytest.raises(Forbidden) as caught:
            await house.plan(SynthesisConfig(voice=voice, permission=only))
        assert (caught.value.param, caught.value.allowed) == ("voice", ["af_heart"])


@pytest.mark.parametrize(("voice", "mine"), [("alloy", "en-us"), ("af_heart", "en-us+f3")])
async def test_the_next_engine_is_taken_where_the_first_has_only_voices_that_the_caller_may_not_use(
    house: House, voice: str, mine: str
) -> None:
    free = await house.plan(SynthesisConfig(voice=voice))
    assert (free.instance, free.voice.id) == ("tone", "low")
    plan = await house.plan(SynthesisConfig(voice=voice, permission=Permission(voices=(mine,))))
    assert (plan.instance, plan.voice.id) == ("espeak", mine)
    assert plan.alternatives == ("tone",)
    assert await house.engines.selection.next_speech(plan, frozenset({"espeak"})) is None


async def test_a_fall_back_goes_past_engines_whose_voices_the_caller_may_not_use(house: House) -> None:
    plan = await house.plan(SynthesisConfig(voice="af_heart", permission=Permission(voices=("en-us+f3",))))
    before = replace(plan, instance="first", alternatives=("tone", "espeak"))
    found = await house.engines.selection.next_speech(before, frozenset({"first"}))
    assert found is not None and (found.instance, found.voice.id) == ("espeak", "en-us+f3")


async def test_what_the_caller_may_not_have_is_told_before_what_others_cannot_do(house: House) -> None:
    only = Permission(voices=("high",))
    with pytest.raises(Forbidden):
        await house.plan(SynthesisConfig(voice="low", permission=only))
    house.engines.instance("espeak").lifecycle.state = "failed"
    with pytest.raises(Forbidden):
        await house.plan(SynthesisConfig(voice="low", permission=only))


async def test_no_fall_back_speaks_with_a_voice_that_is_only_like_one_of_the_callers(house: House) -> None:
    plan = await house.plan(SynthesisConfig(voice="high", permission=Permission(voices=("high",))))
    liked = replace(plan, asked=replace(plan.asked, voice="af_heart", permission=Permission(voices=("af_heart",))))
    assert await house.engines.selection.next_speech(liked, frozenset({"tone"})) is None
    free = replace(plan, asked=replace(plan.asked, voice="af_heart", permission=Permission()))
    assert await house.engines.selection.next_speech(free, frozenset({"tone"})) is not None


@pytest.mark.parametrize(("language", "voice"), [(None, "de"), ("en", "en-us"), ("fr", "de")])
async def test_a_fall_back_speaks_with_another_of_the_callers_voices(
    house: House, language: str | None, voice: str
) -> None:
    config = SynthesisConfig(detected=language, permission=Permission(voices=("high", "gone", "de", "en-us")))
    plan = await house.plan(config)
    assert (plan.instance, plan.voice.id) == ("tone", "high")
    found = await house.engines.selection.next_speech(plan, frozenset({"tone"}))
    assert found is not None
    assert (found.instance, found.voice.id, found.chosen, found.asked) == ("espeak", voice, voice, config)


async def test_a_voice_that_was_asked_for_has_none_of_the_callers_others_in_its_place(house: House) -> None:
    plan = await house.plan(SynthesisConfig(voice="high", permission=Permission(voices=("high", "en-us"))))
    assert await house.engines.selection.next_speech(plan, frozenset({"tone"})) is None


async def test_a_plan_of_somebody_else_does_not_hold(house: House) -> None:
    plan = await house.plan(SynthesisConfig())
    other = await house.replanned(plan, SynthesisConfig(permission=Permission(engines=("espeak",))))
    assert (plan.instance, other.instance) == ("tone", "espeak")


async def test_a_caller_is_heard_by_the_engines_that_it_may_use(house: House) -> None:
    with pytest.raises(Forbidden):
        config = TranscriptionConfig("echo", permission=Permission(engines=("tone",)))
        await house.engines.selection.plan_transcription(config)
    config = TranscriptionConfig(permission=Permission(engines=("echo",)))
    assert (await house.engines.selection.plan_transcription(config)).instance == "echo"
