from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

import pytest

from stts.chat import Message, ReplyConfig, ReplyEvent, ReplyRequest, ReplyText, ReplyToolCall, ReplyUsage, ToolCall
from stts.context import RequestContext, RequestType
from stts.conversation.generation import UNREAD_BYTES, UNSPOKEN_CHARACTERS, ReplyItem, replying
from stts.conversation.services import SessionServices
from stts.errors import EngineCrashed, ReplyFailed, STTSError
from stts.plans import SpeechRequest
from stts.speech import AudioChunk, SpeechWarning, SynthesisConfig
from stts.streams.live import LiveText
from tests.patient import PATIENCE

REQUEST = ReplyRequest((Message("user", "hello"),), ReplyConfig())
SPEAK = SynthesisConfig(format="pcm")
CALL = ReplyToolCall(ToolCall("call1", "look", "{}"))


@dataclass
class House:
    """A writer and a speaker that do as the test says, and remember what became of them."""

    write: Callable[[House], AsyncGenerator[ReplyEvent, None]]
    speak: Callable[[House, LiveText], AsyncGenerator[AudioChunk, None]]
    contexts: list[RequestContext] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def parts(self) -> SessionServices:
        return SessionServices(
            hear=unused,
            reply=self._reply,
            speak=self._speak,
            open=unused,
            voice=cast(Any, None),
            detector=None,
            context=self._context,
            plan_speech=unused,
        )

    async def _reply(self, context: RequestContext, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        assert request is REQUEST
        try:
            async with aclosing(self.write(self)) as events:
                async for event in events:
                    yield event
        finally:
            self.log.append("written")

    async def _speak(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        assert isinstance(request.text, LiveText)
        try:
            async with aclosing(self.speak(self, request.text)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self.log.append("spoken")

    def _context(self, kind: RequestType) -> RequestContext:
        self.contexts.append(RequestContext(kind))
        return self.contexts[-1]


def unused(*_: object) -> NoReturn:
    raise AssertionError("a reply does not listen")


def writer(*events: ReplyEvent, error: STTSError | None = None) -> Callable[[House], AsyncGenerator[ReplyEvent, None]]:
    async def write(house: House) -> AsyncGenerator[ReplyEvent, None]:
        for event in events:
            yield event
        if error is not None:
            raise error

    return write


async def say_all(house: House, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
    while taken := await text.take():
        for each in taken:
            yield AudioChunk(str(each).encode(), 0.1, str(each))


async def said(house: House, speak: SynthesisConfig | None = SPEAK, **options: Any) -> list[ReplyItem]:
    options.setdefault("parent", None)
    async with aclosing(replying(house.parts(), REQUEST, speak, **options)) as items:
        return [item async for item in items]


def spoken(items: list[ReplyItem]) -> str:
    return b"".join(item.data for item in items if isinstance(item, AudioChunk)).decode()


def written(items: list[ReplyItem]) -> str:
    return "".join(item.delta for item in items if isinstance(item, ReplyText))


async def test_all_that_is_written_is_told_and_spoken() -> None:
    house = House(writer(ReplyText("Hello "), ReplyText("there."), ReplyUsage(3, 2)), say_all)
    items = await said(house)
    assert written(items) == spoken(items) == "Hello there."
    assert ReplyUsage(3, 2) in items
    assert sorted(house.log) == ["spoken", "written"]


async def test_markup_is_told_and_not_spoken() -> None:
    house = House(
        writer(ReplyText("It is **fai"), ReplyText("rly** "), ReplyText("[warm](x"), ReplyText(")*")), say_all
    )
    items = await said(house)
    assert written(items) == "It is **fairly** [warm](x)*"
    assert spoken(items) == "It is fairly warm*"


async def test_markup_alone_begins_no_speech() -> None:
    house = House(writer(ReplyText("---\n"), ReplyText("`")), say_all)
    items = await said(house)
    assert written(items) == "---\n`"
    assert house.log == ["written"]


async def test_text_is_not_held_back_by_audio_nor_audio_by_text() -> None:
    async def write(house: House) -> AsyncGenerator[ReplyEvent, None]:
        yield ReplyText("first")
        await house.gate.wait()
        yield ReplyText("second")

    async def speak(house: House, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
        assert await text.take() == ["first"]
        yield AudioChunk(b"1", 0.1)
        await asyncio.Event().wait()

    house = House(write, speak)
    async with aclosing(replying(house.parts(), REQUEST, SPEAK, parent=None)) as items:
        assert await anext(items) == ReplyText("first")
        assert await anext(items) == AudioChunk(b"1", 0.1)
        house.gate.set()
        assert await anext(items) == ReplyText("second")
    assert sorted(house.log) == ["spoken", "written"]


@pytest.mark.parametrize("events", [(), (CALL, ReplyUsage(1, 1)), (ReplyText(" \n"), CALL)])
async def test_nothing_is_spoken_where_nothing_is_written(events: tuple[ReplyEvent, ...]) -> None:
    house = House(writer(*events), say_all)
    assert await said(house) == list(events)
    assert [context.request_type for context in house.contexts] == ["conversation"]


async def test_without_a_voice_there_is_only_text() -> None:
    house = House(writer(ReplyText("Hello")), say_all)
    assert await said(house, None) == [ReplyText("Hello")]
    assert house.log == ["written"]


async def test_a_text_is_said_in_place_of_a_reply() -> None:
    house = House(writer(error=ReplyFailed("not asked")), say_all)
    items = await said(house, text="Exactly this.")
    assert written(items) == spoken(items) == "Exactly this."
    assert [context.request_type for context in house.contexts] == ["tts"]


async def test_both_operations_know_what_they_belong_to() -> None:
    parent = RequestContext("conversation")
    house = House(writer(ReplyText("Hello")), say_all)
    await said(house, parent=parent)
    assert [context.parent for context in house.contexts] == [parent] * 2
    assert parent.request_id not in [context.request_id for context in house.contexts]


async def test_without_a_parent_the_speech_is_inside_of_the_reply() -> None:
    house = House(writer(ReplyText("Hello")), say_all)
    await said(house)
    reply, speech = house.contexts
    assert reply.parent is None
    assert speech.parent is reply


async def test_what_was_written_before_an_error_is_spoken() -> None:
    async def speak(house: House, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
        pieces = []
        while taken := await text.take():
            pieces += taken  # a sentence is spoken when it is over, or nothing more of it will come
        yield AudioChunk("".join(map(str, pieces)).encode(), 0.1)

    house = House(writer(ReplyText("first "), ReplyText("[second"), error=ReplyFailed("It broke.")), speak)
    items: list[ReplyItem] = []
    with pytest.raises(ReplyFailed, match="It broke"):
        async with aclosing(replying(house.parts(), REQUEST, SPEAK, parent=None)) as stream:
            async for item in stream:
                items.append(item)  # noqa: PERF401 - what came before the error is looked at
    assert written(items) == spoken(items) == "first [second"
    assert house.log == ["written", "spoken"]


async def test_of_two_errors_the_first_is_told() -> None:
    async def speak(house: House, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
        while await text.take():
            yield AudioChunk(b"1", 0.1)
        raise EngineCrashed("It died.")

    house = House(writer(ReplyText("first"), error=ReplyFailed("It broke.")), speak)
    with pytest.raises(ReplyFailed, match="It broke"):
        await said(house)


async def test_a_speaker_that_fails_ends_the_writing() -> None:
    async def write(house: House) -> AsyncGenerator[ReplyEvent, None]:
        yield ReplyText("first")
        await asyncio.Event().wait()

    async def speak(house: House, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
        raise EngineCrashed("It died.")
        yield

    house = House(write, speak)
    with pytest.raises(EngineCrashed, match="It died"):
        await said(house)
    assert sorted(house.log) == ["spoken", "written"]


async def test_an_error_that_nobody_foresaw_arrives_as_itself() -> None:
    async def write(house: House) -> AsyncGenerator[ReplyEvent, None]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        await said(House(write, say_all))


async def test_closing_it_ends_everything() -> None:
    async def write(house: House) -> AsyncGenerator[ReplyEvent, None]:
        yield ReplyText("first")
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    house = House(write, say_all)
    items = replying(house.parts(), REQUEST, SPEAK, parent=None)
    await anext(items)
    await anext(items)
    await items.aclose()
    assert sorted(house.log) == ["spoken", "written"]
    assert asyncio.all_tasks() == before


async def test_cancelling_its_reader_ends_everything() -> None:
    async def write(house: House) -> AsyncGenerator[ReplyEvent, None]:
        yield ReplyText("first")
        house.gate.set()
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    house = House(write, say_all)
    reader = asyncio.create_task(said(house))
    await asyncio.wait_for(house.gate.wait(), PATIENCE)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert sorted(house.log) == ["spoken", "written"]
    assert asyncio.all_tasks() == before


async def settled() -> None:
    """Everything that can run has run."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_a_reader_that_stops_slows_the_writer_and_the_speaker() -> None:
    made = {"characters": 0, "bytes": 0}

    async def write(house: House) -> AsyncGenerator[ReplyEvent, None]:
        while True:
            made["characters"] += 100
            yield ReplyText("x" * 100)

    async def speak(house: House, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
        await text.take()
        while True:
            made["bytes"] += 10_000
            yield AudioChunk(bytes(10_000), 0.1)

    async with aclosing(replying(House(write, speak).parts(), REQUEST, SPEAK, parent=None)) as items:
        await anext(items)
        await settled()
        stood = dict(made)
        await settled()
        assert made == stood
        assert made["characters"] <= 2 * UNSPOKEN_CHARACTERS + 200
        assert UNREAD_BYTES <= made["bytes"] <= UNREAD_BYTES + 20_000
        while made["bytes"] < 2 * UNREAD_BYTES:
            await anext(items)


async def test_a_reader_that_stops_slows_a_writer_that_nobody_speaks_for() -> None:
    made = 0

    async def write(house: House) -> AsyncGenerator[ReplyEvent, None]:
        nonlocal made
        while True:
            made += 10_000
            yield ReplyText("x" * 10_000)

    async with aclosing(replying(House(write, say_all).parts(), REQUEST, None, parent=None)) as items:
        await anext(items)
        await settled()
        assert UNREAD_BYTES <= made <= UNREAD_BYTES + 30_000


async def test_a_stopped_reader_does_not_keep_a_reply_of_usual_length_from_being_written() -> None:
    """A language model is not held up for as long as its reply takes to be listened to."""
    house = House(writer(*[ReplyText("word " * 20)] * 60), say_all)

    async def speak(house: House, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
        while True:
            yield AudioChunk(bytes(UNREAD_BYTES), 1.0)

    house.speak = speak
    async with aclosing(replying(house.parts(), REQUEST, SPEAK, parent=None)) as items:
        await anext(items)
        await settled()
        assert house.log == ["written"]


async def test_a_warning_about_the_speech_is_told_once_before_its_audio() -> None:
    async def speak(house: House, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
        house.contexts[-1].warn("Another engine speaks.")
        async for chunk in say_all(house, text):
            yield chunk

    items = await said(House(writer(ReplyText("Hello "), ReplyText("there.")), speak))
    told = [item for item in items if isinstance(item, SpeechWarning | AudioChunk)]
    assert told[0] == SpeechWarning("Another engine speaks.")
    assert sum(isinstance(item, SpeechWarning) for item in told) == 1
