from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from stts.chat import Message, ReplyConfig, ReplyEvent, ReplyRequest, ReplyText
from stts.context import Outcome, RequestContext, RequestFacts
from stts.conversation.exchange import ExchangeRequest, Exchanges, UserTurn
from stts.conversation.generation import ReplyItem
from stts.conversation.history import History
from stts.errors import EngineCrashed, ReplyFailed, STTSError
from stts.plans import ListenRequest, SpeechRequest
from stts.speech import AudioChunk, AudioOutput, SynthesisConfig
from stts.streams.live import LiveText
from stts.timings import Timings
from stts.transcription import (
    AudioData,
    Segment,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptSegment,
)

UPLOAD = AudioData(io.BytesIO(b"audio"), 5)


WAV = AudioOutput("wav", "audio/wav", 8000, 1)


@dataclass
class House:
    """Hears `segments`, replies with `words`, speaks what is written; any of them may fail."""

    segments: tuple[str, ...] = ("good", " morning ")
    words: tuple[str, ...] = ("To ", "you.")
    deaf: STTSError | None = None
    dumb: STTSError | None = None
    mute: STTSError | None = None
    history: History = field(default_factory=lambda: History(100, 10_000))
    context: RequestContext = field(
        default_factory=lambda: RequestContext("conversation", input_data=RequestFacts(route="/conversation"))
    )
    inner: list[RequestContext] = field(default_factory=list)
    asked: list[ReplyRequest] = field(default_factory=list)

    def run(self, said: AudioData | str = UPLOAD) -> AsyncGenerator[UserTurn | ReplyItem, None]:
        request = ExchangeRequest(said, TranscriptionConfig(), ReplyConfig(), SynthesisConfig(), self.history)
        return Exchanges(self._listen, self._reply, self._speak).exchange(self.context, request)

    async def all(self, said: AudioData | str = UPLOAD) -> list[UserTurn | ReplyItem]:
        async with aclosing(self.run(said)) as items:
            return [item async for item in items]

    async def _listen(self, context: RequestContext, request: ListenRequest) -> AsyncGenerator[TranscriptEvent, None]:
        self.inner.append(context)
        context.metrics = Timings(queue=1.0, engine=2.0, audio_seconds=60.0)
        for text in self.segments:
            yield TranscriptSegment(Segment(text, 0.0, 1.0))
        if self.deaf is not None:
            raise self.deaf
        yield TranscriptDone(1.0, "en")

    async def _reply(self, context: RequestContext, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        self.inner.append(context)
        self.asked.append(request)
        context.output_data.engine = "echo"
        context.metrics.characters = 7
        for word in self.words:
            yield ReplyText(word)
        if self.dumb is not None:
            raise self.dumb

    async def _speak(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        self.inner.append(context)
        assert isinstance(request.text, LiveText)
        context.output_data = Outcome("tone", "low", audio=WAV)
        context.metrics = Timings(queue=0.5, engine=0.25, encode=0.125, audio_seconds=3.0)
        while taken := await request.text.take():
            yield AudioChunk("".join(map(str, taken)).encode(), 1.0)
        if self.mute is not None:
            raise self.mute


async def test_what_is_heard_is_answered_aloud_and_remembered() -> None:
    house = House()
    items = await house.all()
    assert items[0] == UserTurn("good morning", "en")
    assert [item for item in items if isinstance(item, ReplyText)] == [ReplyText("To "), ReplyText("you.")]
    assert b"".join(item.data for item in items if isinstance(item, AudioChunk)) == b"To you."
    assert house.history.messages() == (Message("user", "good morning"), Message("assistant", "To you."))
    await house.all("And then?")
    assert [message.text for message in house.asked[-1].messages] == ["good morning", "To you.", "And then?"]
    assert len(house.history.items) == 4


async def test_what_it_knows_is_what_its_parts_found_out() -> None:
    house = House()
    await house.all()
    output, times = house.context.output_data, house.context.metrics
    assert output == Outcome("echo", "low", audio=WAV, speaker="tone")
    assert (times.queue, times.engine, times.encode) == (1.5, 2.25, 0.125)
    assert (times.characters, times.audio_seconds, times.heard_seconds) == (7, 3.0, 60.0)
    assert 0 <= (times.transcript or -1) <= (times.first_token or -1) <= (times.first_audio or -1)
    assert [context.request_type for context in house.inner] == ["stt", "conversation", "tts"]
    assert [context.parent for context in house.inner] == [house.context] * 3
    assert {context.input_data.route for context in house.inner} == {"/conversation"}
    assert house.context.parent is None


async def test_a_text_is_not_heard_but_answered() -> None:
    house = House()
    assert (await house.all("hello"))[0] == UserTurn("hello")
    assert [context.request_type for context in house.inner] == ["conversation", "tts"]
    assert house.context.metrics.transcript is None


async def test_nothing_heard_is_nothing_asked() -> None:
    house = House(segments=(" ",))
    assert await house.all() == [UserTurn("", "en")]
    assert (house.asked, house.history.items) == ([], ())


@pytest.mark.parametrize(
    "house",
    [
        House(deaf=EngineCrashed("It died.")),
        House(words=(), dumb=ReplyFailed("It broke.")),
    ],
)
async def test_what_failed_before_a_word_was_said_is_forgotten(house: House) -> None:
    with pytest.raises(STTSError):
        await house.all()
    assert house.history.items == ()


@pytest.mark.parametrize("house", [House(dumb=ReplyFailed("It broke.")), House(mute=EngineCrashed("It died."))])
async def test_what_was_said_before_it_failed_is_remembered(house: House) -> None:
    with pytest.raises(STTSError):
        await house.all()
    assert [(item.message.text, item.status) for item in house.history.items] == [
        ("good morning", "completed"),
        ("To you.", "incomplete"),
    ]


async def test_who_leaves_leaves_what_was_said() -> None:
    house = House()
    items = house.run()
    assert await anext(items) == UserTurn("good morning", "en")
    assert await anext(items) == ReplyText("To ")
    await items.aclose()
    assert [(item.message.text, item.status) for item in house.history.items][1] == ("To ", "incomplete")
