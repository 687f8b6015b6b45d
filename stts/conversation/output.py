"""The output pipeline of a session: one reply that is active, perhaps one held, one prepared, and some out of band."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from stts.chat import Message, ReplyConfig, ReplyRequest
from stts.conversation.config import ReplyOrder
from stts.conversation.events import (
    Ducked,
    EndStatus,
    Interrupted,
    ReplyStarted,
    Resumed,
    Unducked,
)
from stts.conversation.history import Item, Status, new_item_id
from stts.conversation.playback import ReplyPlayback
from stts.conversation.reply import GeneratedReply
from stts.conversation.reply_writer import ReplyWriter
from stts.conversation.segmenter import Utterance
from stts.conversation.session_state import SessionState
from stts.conversation.state import Event
from stts.conversation.unheard import unheard
from stts.errors import Conflict, NotFound

if TYPE_CHECKING:
    from stts.telemetry.turn import TurnSpan

MOST_OUT_OF_BAND = 4
"""Replies out of band at once."""
DEFAULT_RATE = 24_000
"""Hz of replies whose configuration names none."""


class OutputPipeline:
    """`on` gets the events of the active reply."""

    def __init__(self, state: SessionState, on: Callable[[Event], None]) -> None:
        self.active: GeneratedReply | None = None
        self.held: GeneratedReply | None = None
        self.prepared: GeneratedReply | None = None
        self.out_of_band: dict[int, GeneratedReply] = {}
        self._state = state
        self._on = on
        self._writer = ReplyWriter(state)
        self._generation = 0

    @property
    def idle(self) -> bool:
        """No reply is made, heard or held that its listener knows of."""
        return self.active is None and self.held is None and not self.out_of_band

    def prepare(self, utterance: Utterance, text: str) -> None:
        """Begins the reply to words that may not be the last."""
        self.discard()
        messages = (*self._state.history.messages(), Message("user", text))
        self.prepared = self._begin(ReplyOrder(messages=messages), utterance.turn, utterance.trace)
        self.prepared.prepared_for = text

    def discard(self) -> None:
        """Drops what was prepared; nobody has heard of it."""
        reply, self.prepared = self.prepared, None
        if reply is not None:
            self._stop(reply)

    def answer(self, utterance: Utterance) -> None:
        """Replies to words that are final."""
        prepared, self.prepared = self.prepared, None
        if prepared is not None and (prepared.turn, prepared.prepared_for) != (utterance.turn, utterance.text):
            self._stop(prepared)
            prepared = None
        if prepared is None:
            prepared = self._begin(ReplyOrder(), utterance.turn, utterance.trace)
        if utterance.trace is not None:
            utterance.trace.answered = True
        prepared.asked_at = utterance.ended_at
        prepared.transcribed_at = utterance.transcribed_at
        self.active = prepared
        self._adopt(prepared)

    def ask(self, order: ReplyOrder, turn: int) -> int:
        """Replies because it was asked to. Raises Conflict for too many replies out_of_band."""
        if order.out_of_band and len(self.out_of_band) >= MOST_OUT_OF_BAND:
            raise Conflict("Too many replies out of band at once.", allowed=[MOST_OUT_OF_BAND])
        if not order.out_of_band:
            self.discard()
        reply = self._begin(order, turn, self._state.traces.asked(turn, out_of_band=order.out_of_band))
        reply.asked_at = self._state.clock()
        if order.out_of_band:
            self.out_of_band[reply.generation] = reply
        else:
            self.active = reply
        self._adopt(reply)
        return reply.generation

    def duck(self) -> None:
        if self.active is not None:
            self.active.ducked = True
            self._state.outbox.emit(Ducked(self.active.generation))

    def unduck(self) -> None:
        if self.active is not None and self.active.ducked:
            self.active.ducked = False
            self._state.outbox.emit(Unducked(self.active.generation))

    def hold(self) -> None:
        """The user speaks over the active reply."""
        reply, self.active = self.active, None
        if reply is None:
            return
        self._state.outbox.emit(Interrupted(reply.generation, reply.playback.hold()))
        # What is prepared meanwhile follows what was heard.
        self._remember(reply, reply.heard_text, "in_progress")
        self.held = reply

    def resume(self) -> None:
        """Continues the held reply: the interruption had no words."""
        reply, self.held = self.held, None
        if reply is not None:
            self.active = reply
            reply.ducked = False
            reply.playback.go_on()
            self._state.outbox.emit(Resumed(reply.generation))
            self._writer.catch_up(reply)

    def drop_held(self) -> None:
        reply, self.held = self.held, None
        if reply is not None:
            self._end(reply, "interrupted")

    def drop(self, status: EndStatus) -> None:
        """Ends the active reply, and whatever was prepared."""
        self.discard()
        reply, self.active = self.active, None
        if reply is not None:
            self._end(reply, status)

    def close(self) -> None:
        """The active reply is complete, as far as it goes."""
        reply, self.active = self.active, None
        if reply is not None:
            self._end(reply, reply.outcome)

    def drop_out_of_band(self, generation: int) -> bool:
        reply = self.out_of_band.pop(generation, None)
        if reply is not None:
            self._end(reply, "cancelled")
        return reply is not None

    def drop_all(self) -> None:
        """The session ends."""
        self.drop_held()
        self.drop("cancelled")
        for generation in list(self.out_of_band):
            self.drop_out_of_band(generation)

    def forget(self) -> None:
        """When all tasks have ended."""
        self._on = unheard

    def went_out(self, reply: GeneratedReply) -> None:
        """A frame has really been taken."""
        if reply.first_byte is None:
            reply.first_byte = self._state.clock()
            if reply is self.active:
                self._on(Event.AUDIBLE)

    def _begin(self, order: ReplyOrder, turn: int, trace: TurnSpan | None) -> GeneratedReply:
        state, config = self._state, self._state.config
        self._generation += 1
        messages = order.messages if order.messages is not None else state.history.messages()
        request = ReplyRequest(messages, order.reply or config.reply or ReplyConfig())
        speak = None if order.silent else order.speak or config.speak
        rate = (speak.sample_rate if speak is not None else None) or DEFAULT_RATE
        ahead = None if order.out_of_band else config.ahead
        playback = ReplyPlayback(rate, ahead=ahead, clock=state.clock, follow_words=config.follow_words)
        reply = GeneratedReply(self._generation, turn, new_item_id(), order, request, speak, playback)
        reply.trace = trace
        reply.tasks = (state.start(self._writer.make(reply), "reply made"),)
        return reply

    def _adopt(self, reply: GeneratedReply) -> None:
        state, order = self._state, reply.order
        if not order.out_of_band:
            state.history.append(Item(reply.item, Message("assistant", ""), "in_progress"))
        spoken = reply.speak is not None
        state.outbox.emit(ReplyStarted(reply.turn, reply.generation, reply.item, spoken, order.out_of_band, order.tag))
        reply.adopted = True
        self._writer.catch_up(reply)
        state.outbox.play(reply)
        reply.tasks += (state.start(self._hear_out(reply), "reply heard"),)

    async def _hear_out(self, reply: GeneratedReply) -> None:
        """Ends a reply that nobody has ended sooner, when all of it is heard."""
        outbox, playback = self._state.outbox, reply.playback
        while True:
            epoch = await playback.taken()
            await outbox.drained()
            if await playback.heard_out(epoch):
                break
        if reply.out_of_band:
            self.out_of_band.pop(reply.generation, None)
            self._end(reply, reply.outcome)
        elif reply is self.active:
            self._on(Event.FAILED if reply.error is not None else Event.FINISHED)

    def _end(self, reply: GeneratedReply, status: EndStatus) -> None:
        state = self._state
        heard = reply.text if status == "completed" else reply.heard_text
        self._stop(reply)
        state.traces.replied(reply, status)
        self._remember(reply, heard, "completed" if status == "completed" else "incomplete")
        state.outbox.emit(reply.ended(status, heard))
        if (metrics := reply.metrics()) is not None:
            state.outbox.emit(metrics)

    def _remember(self, reply: GeneratedReply, text: str, status: Status) -> None:
        if not reply.out_of_band:
            with suppress(NotFound):  # deleted by the client, or fallen out of the bounds
                self._state.history.replace(reply.item, Message("assistant", text), status)

    def _stop(self, reply: GeneratedReply) -> None:
        self._state.outbox.stop(reply)
        for task in reply.tasks:
            task.cancel()
        reply.tasks = ()  # a task that was cancelled holds the reply, which would hold it
