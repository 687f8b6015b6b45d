"""One turn of a conversation in one request: it is transcribed, replied to, and the reply is spoken."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from stts.chat import Message, ReplyConfig, ReplyRequest, ReplyText
from stts.context import RequestContext, RequestType
from stts.conversation.generation import ReplyItem, replying
from stts.conversation.history import History, Item, new_item_id
from stts.conversation.services import Reply, Speak
from stts.plans import ListenRequest, SpeechPlan
from stts.speech import AudioChunk, SpeechWarning, SynthesisConfig
from stts.streams.hold import Hold
from stts.text.transcript import join_texts
from stts.transcription import (
    AudioData,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptRetracted,
    TranscriptSegment,
)

Listen = Callable[[RequestContext, ListenRequest], AsyncGenerator[TranscriptEvent, None]]


@dataclass(frozen=True, slots=True)
class UserTurn:
    """The words of the user; empty where nothing was said."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """One exchange on its way through the pipeline."""

    said: AudioData | str
    listen: TranscriptionConfig
    reply: ReplyConfig
    speak: SynthesisConfig
    history: History
    """Gets both sides of the exchange, once there is something of the reply."""
    plan: SpeechPlan | None = None
    """Plan of the reply's speech, where it was made before."""


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Runs exchanges over the other operations, each of which passes the pipeline too, as a part of this one."""

    listen: Listen
    reply: Reply
    speak: Speak

    async def exchange(
        self, context: RequestContext, request: ExchangeRequest
    ) -> AsyncGenerator[UserTurn | ReplyItem, None]:
        """Gives the user's turn, then text and audio as they come; only the turn where nothing was said.

        Writes `transcript`, `first_token` and `first_audio` into the metrics: seconds since the start.
        """
        inner = _Inner(self.reply, self.speak, context)
        try:
            heard = await self._heard(inner, request)
            yield heard
            if not heard.text:
                return
            async with aclosing(_answered(inner, request, heard)) as items:
                async for item in items:
                    yield item
        finally:
            inner.sum_up()

    async def _heard(self, inner: _Inner, request: ExchangeRequest) -> UserTurn:
        if isinstance(request.said, str):
            return UserTurn(request.said)
        texts: list[str] = []
        written: str | None = None
        language: str | None = None
        context = inner.context("stt")
        context.hold = context.hold or Hold()
        async with aclosing(self.listen(context, ListenRequest(request.said, request.listen))) as events:
            async for event in events:
                if isinstance(event, TranscriptSegment):
                    texts.append(event.segment.text)
                    written = written or event.segment.language
                elif isinstance(event, TranscriptDone):
                    language = event.language
                elif isinstance(event, TranscriptRetracted):
                    texts.clear()
        inner.outer.metrics.transcript = inner.elapsed()
        return UserTurn(join_texts(texts, written or language), language)


async def _answered(inner: _Inner, request: ExchangeRequest, heard: UserTurn) -> AsyncGenerator[ReplyItem, None]:
    history = request.history
    said = Message("user", heard.text)
    written: list[str] = []
    complete = False
    times = inner.outer.metrics
    order = ReplyRequest((*history.messages(), said), request.reply)
    try:
        async with aclosing(
            replying(inner, order, _in_language(request.speak, heard.language), plan=request.plan, parent=inner.outer)
        ) as items:
            async for item in items:
                if isinstance(item, ReplyText):
                    times.first_token = times.first_token or inner.elapsed()
                    written.append(item.delta)
                elif isinstance(item, SpeechWarning):
                    inner.outer.warn(item.message)
                    continue
                elif isinstance(item, AudioChunk):
                    times.first_audio = times.first_audio or inner.elapsed()
                    inner.tell_of_speech()
                yield item
        complete = True
    finally:
        # What failed before it began can be asked again, as if it had never been.
        if written:
            history.append(Item(new_item_id(), said))
            reply = Message("assistant", "".join(written))
            history.append(Item(new_item_id(), reply, "completed" if complete else "incomplete"))


def _in_language(speak: SynthesisConfig | None, heard: str | None) -> SynthesisConfig | None:
    """Lets a reply that does not show its language be in the one that was heard."""
    return speak if speak is None or speak.language is not None else replace(speak, detected=heard)


class _Inner:
    """Contexts of the operations inside one exchange, and what the exchange knows from them."""

    def __init__(self, reply: Reply, speak: Speak, outer: RequestContext) -> None:
        self.reply = reply
        self.speak = speak
        self.outer = outer
        self._contexts: list[RequestContext] = []

    def context(self, kind: RequestType) -> RequestContext:
        context = self.outer.part(kind)
        self._contexts.append(context)
        return context

    def elapsed(self) -> float:
        """Seconds since the exchange began."""
        return time.perf_counter() - self.outer.start_time

    def tell_of_speech(self) -> None:
        for context in self._contexts:
            if context.request_type == "tts":
                outer, known = self.outer.output_data, context.output_data
                outer.voice, outer.language, outer.audio = known.voice, known.language, known.audio
                outer.speaker, outer.fallback = known.engine, known.fallback

    def sum_up(self) -> None:
        for context in self._contexts:
            times, measured = self.outer.metrics, context.metrics
            times.add(queue=measured.queue, load=measured.load, engine=measured.engine, encode=measured.encode)
            if context.request_type == "conversation":
                self.outer.output_data.engine = context.output_data.engine
                times.characters = measured.characters or 0
            if context.request_type == "stt":
                times.heard_seconds = measured.audio_seconds
            if context.request_type == "tts":
                times.audio_seconds = measured.audio_seconds or 0.0
