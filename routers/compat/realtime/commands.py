"""Carries out what clients send. A command that cannot be carried out gives one error, and changes nothing."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

from pydantic import BaseModel

from routers.compat.realtime.command_schemas import (
    BufferAppend,
    BufferCommand,
    ItemCommand,
    ItemCreate,
    ItemTruncate,
    ResponseCancel,
    ResponseCreate,
    ResponseParams,
    SessionUpdate,
)
from routers.compat.realtime.contents import sent_audio
from routers.compat.realtime.event_encoder import TRANSCRIPTION, EventEncoder, error_event, item_added
from routers.compat.realtime.hosted_errors import ACTIVE, CANCELLED_NOTHING, COMMITTED_NOTHING, VOICE_IN_USE
from routers.compat.realtime.items import Items
from routers.compat.realtime.microphone import Microphone
from routers.compat.realtime.playback import LinePlayback
from routers.compat.realtime.reading import meant
from routers.compat.realtime.response import Event
from routers.compat.realtime.session import SessionObject
from routers.compat.realtime.translation import Translation, in_dialect
from routers.sockets.messages import Messages
from stts.conversation.config import ReplyOrder
from stts.conversation.session import ConversationSession
from stts.errors import Conflict, InvalidParameter, InvalidRequest, STTSError
from stts.hosted_models import counts_tokens

MOST_WAITING = 8
"""Responses that wait for the words of a turn."""

COMMANDS: Messages[BaseModel] = Messages(
    SessionUpdate, BufferAppend, BufferCommand, ItemCreate, ItemCommand, ItemTruncate, ResponseCreate, ResponseCancel
)

BEGINNINGS = (BufferAppend, BufferCommand, ItemCreate, ResponseCreate)
"""Commands that begin something: a session that winds down obeys none of them."""

Answers = list[Event]


class Commands:
    """Commands of one connection."""

    def __init__(
        self,
        object: SessionObject,
        session: ConversationSession,
        translation: Translation,
        items: Items,
        microphone: Microphone,
        encoder: EventEncoder,
        playback: LinePlayback | None = None,
    ) -> None:
        """`playback`: None where clients play what they are sent."""
        self.object = object
        self._playback = playback
        self._session, self._translation = session, translation
        self._items, self._microphone, self._encoder = items, microphone, encoder
        self._waiting: deque[tuple[ReplyOrder, str | None]] = deque()
        """Responses asked for before the words of the turn before them were known."""
        self._follow()

    async def carry_out(self, message: dict[str, Any], event_id: str | None) -> Answers:
        """Returns the events that answer a command. Raises STTSError for one that cannot be carried out."""
        if isinstance(response := message.get("response"), Mapping):
            message = {**message, "response": meant(response)}
        command = COMMANDS.check(message)
        if isinstance(command, ResponseCreate | BufferCommand):
            await self._session.room()
        if self._session.winding_down and isinstance(command, BEGINNINGS):
            return []
        if isinstance(command, ResponseCreate):
            await self._respond(command.response or ResponseParams(), event_id)
            return []
        return await self._TABLE[message["type"]](self, command)

    def hear_now(self, message: dict[str, Any]) -> bool:
        """Carries out a command that brings audio; False: it has to wait, or to be refused, by `carry_out`."""
        command = COMMANDS.check(message)
        if not isinstance(command, BufferAppend) or self._session.winding_down or not self._session.has_room:
            return False
        if (samples := self._microphone.heard_now(command.audio)) is None:
            return False
        self._session.hear_now(samples)
        return True

    def resume(self) -> list[Event]:
        """Begins the responses that waited, once all words are known. Returns what went wrong."""
        errors = []
        while self._waiting and self._encoder.settled:
            order, event_id = self._waiting.popleft()
            try:
                self._begin(order)
            except STTSError as error:
                errors.append(error_event(error, event_id))
        return errors

    async def _update(self, command: SessionUpdate) -> Answers:
        object = self.object.updated(command.session)
        self._check_voice(object)
        try:
            await self._session.configure(await self._translation.config(object))
        except STTSError as error:
            raise in_dialect(error) from None
        self.object = object
        self._follow()
        return [{"type": "session.updated", "session": object.wire()}]

    def _check_voice(self, new: SessionObject) -> None:
        old, speaks = self.object.speaks, new.speaks
        changed = old is not None and speaks is not None and old.audio.output.voice != speaks.audio.output.voice
        if changed and self._encoder.responses.has_spoken:
            raise VOICE_IN_USE.error()

    def _follow(self) -> None:
        """Passes changes of the session on to what there is beside it."""
        out, audio = self._encoder, self.object.shape.audio
        if (shape := self.object.speaks) is not None:
            out.responses.order = self._translation.standing(shape)
        wanted = audio.input.transcription
        out.transcribes = wanted is not None
        out.counts_tokens = wanted is not None and counts_tokens(wanted.model)
        out.early_words = self.object.hears_live
        out.prompt_after = self._session.config.prompt_after
        self._microphone.follow(audio.input.format, hold=audio.input.turn_detection is None)

    async def _append(self, command: BufferAppend) -> Answers:
        async with aclosing(self._microphone.heard(command.audio)) as pieces:
            async for samples in pieces:
                await self._session.hear(samples)
        return []

    async def _commit(self, command: BufferCommand) -> Answers:
        try:
            self._session.commit()
        except Conflict:
            raise COMMITTED_NOTHING.error() from None
        self._encoder.commits += 1
        self._microphone.input_audio.commit()
        return []

    async def _clear(self, command: BufferCommand) -> Answers:
        self._encoder.clears += 1
        self._session.clear()
        self._microphone.clear()
        return []

    async def _clear_output(self, command: BufferCommand) -> Answers:
        if self._playback is not None:
            # The end of an active response ends its audio.
            return [] if self._session.cancel() else self._playback.clear()
        raise InvalidRequest("On a WebSocket the audio that is played is the client's own: stop it, and truncate.")

    async def _create(self, command: ItemCreate) -> Answers:
        sound, text = None, None
        if (audio := sent_audio(command.item)) is not None:
            sound, text = await self._microphone.transcribed(audio, self._session.config)
        id, previous = self._items.create(command.item, command.previous_item_id, text)
        if sound is not None:
            self._items.add_sound(id, sound)
        events = list(item_added(self._items.wire(id), previous))
        if sound is not None and self._encoder.transcribes:
            members = {
                "item_id": id,
                "content_index": 0,
                "transcript": text or "",
                "usage": self._encoder.transcript_usage(sound.seconds, text or ""),
            }
            events.append({"type": f"{TRANSCRIPTION}.completed", **members})
        return events

    async def _retrieve(self, command: ItemCommand) -> Answers:
        return [{"type": "conversation.item.retrieved", "item": self._items.wire(command.item_id, audio=True)}]

    async def _delete(self, command: ItemCommand) -> Answers:
        self._items.delete(command.item_id)
        return [{"type": "conversation.item.deleted", "item_id": command.item_id}]

    async def _truncate(self, command: ItemTruncate) -> Answers:
        if command.content_index != 0:
            raise InvalidParameter("An item has one content, of index 0.", param="content_index", allowed=[0])
        self._items.truncate(command.item_id, command.audio_end_ms / 1000)
        members = {"item_id": command.item_id, "content_index": 0, "audio_end_ms": command.audio_end_ms}
        return [{"type": "conversation.item.truncated", **members}]

    async def _respond(self, params: ResponseParams, event_id: str | None) -> None:
        shape = self.object.speaks
        if shape is None:
            raise InvalidRequest("A transcription session makes no responses.")
        tag = secrets.token_hex(8)
        try:
            order, wanted = await self._translation.order(shape, params, self._items, tag)
        except STTSError as error:
            raise in_dialect(error) from None
        if not order.out_of_band and any(not each.out_of_band for each, _ in self._waiting):
            raise self._active()
        if len(self._waiting) >= MOST_WAITING:
            raise Conflict("Too many responses wait for the words of a turn.", allowed=[MOST_WAITING])
        if self._session.winding_down:  # meanwhile
            return
        self._encoder.responses.orders[tag] = wanted
        if self._encoder.settled or order.messages is not None:
            self._begin(order)
        else:
            self._waiting.append((order, event_id))

    def _begin(self, order: ReplyOrder) -> None:
        try:
            self._session.respond(order)
        except Conflict as error:
            self._encoder.responses.orders.pop(order.tag or "", None)
            raise error if order.out_of_band else self._active() from None

    async def _cancel(self, command: ResponseCancel) -> Answers:
        generation = None
        if command.response_id is not None:
            generation = self._encoder.responses.generation(command.response_id)
        waiting = [order for order, _ in self._waiting if not order.out_of_band] if command.response_id is None else []
        self._waiting = deque(each for each in self._waiting if each[0] not in waiting)
        known = command.response_id is None or generation is not None
        if not (known and self._session.cancel(generation)) and not waiting:
            raise CANCELLED_NOTHING.error()
        return [event for order in waiting for event in self._encoder.responses.unbegun(order)]

    def _active(self) -> STTSError:
        return ACTIVE.error(id=self._encoder.responses.active or "resp_none")

    _TABLE: ClassVar[dict[str, Callable[[Any, Any], Awaitable[Answers]]]] = {
        "session.update": _update,
        "input_audio_buffer.append": _append,
        "input_audio_buffer.commit": _commit,
        "input_audio_buffer.clear": _clear,
        "output_audio_buffer.clear": _clear_output,
        "conversation.item.create": _create,
        "conversation.item.retrieve": _retrieve,
        "conversation.item.delete": _delete,
        "conversation.item.truncate": _truncate,
        "response.cancel": _cancel,
    }
