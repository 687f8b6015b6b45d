"""Writes one reply: its text to the outbox as far as it may be told, its audio to its playback."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from stts.chat import Message, ReplyEvent, ReplyRequest, ReplyText, ReplyToolCall, ReplyUsage, ToolCall
from stts.context import RequestContext
from stts.conversation.events import ReplyDelta, ReplyWarned, ReplyWritten, ToolCalled
from stts.conversation.generation import ReplyItem, replying
from stts.conversation.history import Item, new_item_id
from stts.conversation.reply import GeneratedReply
from stts.conversation.services import Reply, SessionServices
from stts.conversation.session_state import SessionState
from stts.errors import STTSError
from stts.speech import SpeechWarning


class ReplyWriter:
    """Shared by the replies of a session."""

    def __init__(self, state: SessionState) -> None:
        self._state = state

    async def make(self, reply: GeneratedReply) -> None:
        """Runs language model and engine to their end; what goes wrong stands in the reply."""
        try:
            state, text = self._state, reply.order.text
            span = reply.trace.span if reply.trace is not None else None
            said = replying(
                self._services(), reply.request, reply.speak, plan=state.plan, parent=None, text=text, span=span
            )
            async with aclosing(said) as items:
                async for item in items:
                    await self._made(reply, item)
        except STTSError as error:
            reply.error = error.with_traceback(None)  # which holds the reply
        reply.playback.close()

    async def _made(self, reply: GeneratedReply, item: ReplyItem) -> None:
        match item:
            case ReplyText(delta):
                reply.first_token = reply.first_token or self._state.clock()
                reply.text += delta
                await self._written(reply, delta)
            case ReplyToolCall(call):
                await self._written(reply, call)
            case SpeechWarning():
                await self._written(reply, item)
            case ReplyUsage(input_tokens, output_tokens, cut):
                reply.tokens, reply.cut = (input_tokens, output_tokens), cut
                if self._state.config.tell_written:
                    await self._written(reply, item)
            case _:
                reply.first_audio = reply.first_audio or self._state.clock()
                reply.playback.write(item)
                await reply.playback.room()

    def _services(self) -> SessionServices:
        services = self._state.services
        return replace(services, reply=_ending(services.reply)) if self._state.config.tell_written else services

    async def _written(self, reply: GeneratedReply, written: str | ToolCall | SpeechWarning | ReplyUsage) -> None:
        if reply.tellable:
            self._emit(reply, written)
            await self._state.outbox.room()
        else:
            reply.unsent_text.append(written)

    def catch_up(self, reply: GeneratedReply) -> None:
        """Tells the text that was written before the reply was adopted, or while it was held."""
        for written in reply.unsent_text:
            self._emit(reply, written)
        reply.unsent_text.clear()

    def _emit(self, reply: GeneratedReply, written: str | ToolCall | SpeechWarning | ReplyUsage) -> None:
        state = self._state
        if isinstance(written, str):
            state.outbox.emit(ReplyDelta(reply.generation, written))
            return
        if isinstance(written, SpeechWarning):
            state.outbox.emit(ReplyWarned(reply.generation, written.message))
            return
        if isinstance(written, ReplyUsage):
            told = ReplyWritten(reply.generation, written.input_tokens, written.output_tokens, written.cut)
            state.outbox.emit(told)
            return
        item = new_item_id()
        if not reply.out_of_band:
            state.history.append(Item(item, Message("assistant", "", (written,))))
        state.outbox.emit(ToolCalled(reply.generation, item, written))


def _ending(reply: Reply) -> Reply:
    """Replies whose usage always ends them, of models that do not count too."""

    async def ended(context: RequestContext, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        usage = ReplyUsage(0, 0)
        async with aclosing(reply(context, request)) as events:
            async for event in events:
                if isinstance(event, ReplyUsage):
                    usage = event
                else:
                    yield event
        yield usage

    return ended
