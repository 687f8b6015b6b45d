from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest

from routers.http.passages import PassageSpeech
from stts.access.allowances import QuotaExceeded
from stts.access.quota_ahead import QuotaAhead
from stts.context import Priority, RequestContext
from stts.errors import UnknownVoice
from stts.plans import SpeechRequest
from stts.speech import AudioChunk, SynthesisConfig
from stts.text.passages import read_passages

RATE = 8000


class Speaker:
    """Speaks each passage as one second; knows the voices a and b."""

    def __init__(self) -> None:
        self.spoken: list[SpeechRequest] = []
        self.planned: list[str] = []
        self.reserved: list[QuotaAhead] = []
        self.is_poor = False

    async def speak(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        assert context.quota_ahead is self.reserved[len(self.spoken)]
        self.spoken.append(request)
        yield AudioChunk(bytes(2 * RATE), 1.0, str(request.text), ends_piece=True)

    async def plan(self, request: SpeechRequest, priority: Priority) -> SpeechRequest:
        if request.config.voice not in ("a", "b"):
            raise UnknownVoice("There is no such voice.", param="voice")
        self.planned.append(str(request.text))
        return request

    async def reserve(self, context: RequestContext, requests: Sequence[SpeechRequest]) -> Sequence[QuotaAhead]:
        self.reserved = [QuotaAhead(()) for _ in requests]
        if self.is_poor:
            raise QuotaExceeded("Used up.")
        return self.reserved

    def chunks(self, text: str) -> AsyncGenerator[AudioChunk, None]:
        def context_of(characters: int) -> RequestContext:
            return RequestContext("tts")

        passages = read_passages(text, voices=True)
        config = SynthesisConfig(voice="a", format="pcm", sample_rate=RATE)
        context = context_of(0)
        return PassageSpeech(
            self.speak, self.plan, context, context_of, passages, config, reserve=self.reserve, sample_rate=RATE
        ).chunks()


async def test_an_unknown_voice_of_a_later_passage_is_told_before_anything_is_spoken() -> None:
    speaker = Speaker()
    with pytest.raises(UnknownVoice):
        await anext(speaker.chunks("One. [voice:b] Two. [voice:nosuch] Three."))
    assert speaker.spoken == []


async def test_each_other_voice_is_planned_once_by_its_longest_passage() -> None:
    speaker = Speaker()
    text = "First of all. [voice:b] Two. [voice:a] Three. [voice:b] Number four. [pause:1s] Five."
    assert [chunk async for chunk in speaker.chunks(text)]
    assert speaker.planned == ["Number four."]
    assert [str(each.config.voice) for each in speaker.spoken] == ["a", "b", "a", "b", "b"]


async def test_a_quota_that_is_too_small_for_all_of_it_is_told_before_anything_is_spoken() -> None:
    speaker = Speaker()
    speaker.is_poor = True
    with pytest.raises(QuotaExceeded):
        await anext(speaker.chunks("One. [pause:1s] Two. [pause:1s] Three."))
    assert speaker.spoken == [] and len(speaker.reserved) == 3


async def test_pauses_are_told_with_the_passage_that_they_stand_at() -> None:
    speaker = Speaker()
    seconds = [chunk.seconds async for chunk in speaker.chunks("[pause:2s]One. [pause:3s]Two.[pause:0.5s]")]
    assert [each.silence for each in speaker.spoken] == [2.0, 3.5]
    assert sum(seconds) == pytest.approx(2 + 5.5)
