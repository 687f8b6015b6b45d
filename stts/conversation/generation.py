"""Generation of one reply: its text, and the speech that is made of it meanwhile, as one stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from stts.chat import ReplyEvent, ReplyRequest, ReplyText
from stts.context import RequestContext, RequestType
from stts.conversation.services import NewContext, Reply, Speak, spoken_reply
from stts.errors import STTSError
from stts.plans import SpeechPlan, SpeechRequest
from stts.speech import AudioChunk, SpeechWarning, SynthesisConfig
from stts.streams.channel import Channel
from stts.streams.live import LiveText
from stts.text.markup import MarkupRemover

if TYPE_CHECKING:
    from stts.telemetry.spans import Span

UNSPOKEN_CHARACTERS = 8000
"""Characters of a reply that may wait to be spoken; beyond, whoever writes it is read more slowly."""
UNREAD_BYTES = 200_000
"""Audio, and characters of a reply without audio, that may wait to be read."""

ReplyItem = ReplyEvent | AudioChunk | SpeechWarning


class ReplyServices(Protocol):
    """The services of a session that it takes to reply."""

    @property
    def reply(self) -> Reply: ...

    @property
    def speak(self) -> Speak: ...

    @property
    def context(self) -> NewContext: ...


async def replying(
    services: ReplyServices,
    request: ReplyRequest,
    speak: SynthesisConfig | None,
    *,
    plan: SpeechPlan | None = None,
    parent: RequestContext | None,
    text: str | None = None,
    span: Span | None = None,
) -> AsyncGenerator[ReplyItem, None]:
    """Gives text as it is written and audio as it is made, in the order they come; with `text`, that and no reply.

    The text keeps its markup, the speech is without. `plan`: how it is spoken, where that was decided before. `span`:
    what both operations happen in, where traces are kept.

    Without text nothing is spoken: neither is begun what only calls tools. The first error of either ends it, after
    what came before: what was written until then is spoken. Raises stts.errors. Closing it ends both operations.
    """
    work = _Generation(services, request, speak, plan, parent, text, span)
    task = asyncio.create_task(work.run(), name="reply")
    try:
        async for item in work.ready:
            yield item
        await task
    finally:
        task.cancel()
        await asyncio.wait([task])


class _Generation:
    def __init__(
        self,
        services: ReplyServices,
        request: ReplyRequest,
        speak: SynthesisConfig | None,
        plan: SpeechPlan | None,
        parent: RequestContext | None,
        text: str | None,
        span: Span | None,
    ) -> None:
        self._services = services
        self._request = request
        self._config = None if speak is None else spoken_reply(speak)
        self._plan = plan
        self._parent = parent
        self._text = text
        self._span = span
        self._live = LiveText(UNSPOKEN_CHARACTERS)
        self._markup = None if speak is not None and speak.markup == "keep" else MarkupRemover()
        self._speaking = False
        self.ready: Channel[ReplyItem] = Channel(UNREAD_BYTES)

    async def run(self) -> None:
        """Raises what went wrong first."""
        unwritten: STTSError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    await self._write(group)
                except STTSError as error:
                    unwritten = error
                if self._markup is not None:
                    self._say(self._markup.finish(), group)
                self._live.close()
        except ExceptionGroup as failed:
            raise unwritten or failed.exceptions[0] from None
        finally:
            self.ready.close()
        if unwritten is not None:
            raise unwritten

    async def _write(self, group: asyncio.TaskGroup) -> None:
        async with aclosing(self._events()) as events:
            async for event in events:
                if isinstance(event, ReplyText):
                    self._say(event.delta if self._markup is None else self._markup.feed(event.delta), group)
                    await self._written(event)
                else:
                    self.ready.put(event, 0)

    def _say(self, text: str, group: asyncio.TaskGroup) -> None:
        if self._config is None:
            return
        if text.strip() and not self._speaking:
            self._speaking = True
            group.create_task(self._speak(self._config), name="reply speech")
        self._live.write(text)

    async def _written(self, event: ReplyText) -> None:
        """Passes text on; what is spoken weighs nothing, so that it never waits for audio to be read."""
        self.ready.put(event, 0 if self._speaking else len(event.delta))
        await (self._live if self._speaking else self.ready).room()

    async def _events(self) -> AsyncGenerator[ReplyEvent, None]:
        if self._text is not None:
            yield ReplyText(self._text)
            return
        async with aclosing(self._services.reply(self._context("conversation"), self._request)) as events:
            async for event in events:
                yield event

    async def _speak(self, config: SynthesisConfig) -> None:
        request, context = SpeechRequest(self._live, config, self._plan), self._context("tts")
        told = 0

        def warn() -> None:
            nonlocal told
            for warning in context.warnings[told:]:
                self.ready.put(SpeechWarning(warning), 0)
            told = len(context.warnings)

        async with aclosing(self._services.speak(context, request)) as chunks:
            async for chunk in chunks:
                warn()
                self.ready.put(chunk, len(chunk.data))
                await self.ready.room()
        warn()

    def _context(self, kind: RequestType) -> RequestContext:
        context = self._services.context(kind)
        context.span = self._span or context.span
        if self._parent is not None:
            context.parent = self._parent
        else:
            # Without one around both, what is written is the operation that the speech of it is inside of.
            self._parent = context
        return context
