"""Encodes the events of a session as Realtime server events. No sockets: an event of the session in, events out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from routers.compat.realtime.hosted_errors import CODES
from routers.compat.realtime.input_audio_buffer import InputAudioBuffer
from routers.compat.realtime.items import Items, Sound
from routers.compat.realtime.response import Event
from routers.compat.realtime.response_encoder import RateLimits, ResponseEncoder
from routers.http.openai_errors import openai_error
from routers.http.usage import duration_usage, transcript_usage
from stts.chat import Message
from stts.conversation.events import (
    AudioCleared,
    Failed,
    FinalTranscript,
    PartialTranscript,
    PromptDue,
    SessionEvent,
    SpeechStarted,
    SpeechStopped,
    TranscriptFailed,
    TurnCommitted,
)
from stts.conversation.history import Item, new_item_id
from stts.errors import STTSError

TRANSCRIPTION = "conversation.item.input_audio_transcription"


class EventEncoder:
    """Encodes for one connection, and knows what its client was told."""

    def __init__(
        self,
        items: Items,
        input_audio: InputAudioBuffer,
        conversation: str,
        stored_seconds: float,
        rate_limits: RateLimits = list,
    ) -> None:
        self.responses = ResponseEncoder(items, conversation, stored_seconds, rate_limits)
        self.transcribes = False
        """True if the client wants to know what the user said."""
        self.counts_tokens = False
        """True if the usage of what the user said is in tokens, as with the model that was asked for."""
        self.early_words = False
        """True if words are told before their turn is committed, where nobody but the client ends turns."""
        self.prompt_after = 0.0
        self.commits = 0
        """Turns that the client has ended and that are not told of yet."""
        self.clears = 0
        """The client's `clear` commands that are not answered yet."""
        self._items, self._input_audio = items, input_audio
        self._known: set[str] = set()
        """Items of turns that the client knows of, until their words are known."""
        self._wordless: set[str] = set()
        """Items of turns whose words are not known yet."""
        self._told: dict[str, str] = {}
        """Words of each turn that were told so far."""
        self._early: deque[PartialTranscript] = deque(maxlen=64)

    @property
    def settled(self) -> bool:
        """True if the words of all turns are known."""
        return not self.commits and not self._wordless

    @property
    def caught_up(self) -> bool:
        """True if all that the client has ended or taken back is answered."""
        return not self.commits and not self.clears

    def to_messages(self, event: SessionEvent) -> Iterator[Event]:
        """Gives the server events of one session event; none for an event that concerns other dialects."""
        translate = self._TABLE.get(type(event))
        return translate(self, event) if translate is not None else self.responses.to_messages(event)

    def _speech_started(self, event: SpeechStarted) -> Iterator[Event]:
        self._known.add(event.item)
        self._input_audio.want(event.at)
        yield {
            "type": "input_audio_buffer.speech_started",
            "audio_start_ms": milliseconds(event.at),
            "item_id": event.item,
        }

    def _speech_stopped(self, event: SpeechStopped) -> Iterator[Event]:
        yield {
            "type": "input_audio_buffer.speech_stopped",
            "audio_end_ms": milliseconds(event.at),
            "item_id": event.item,
        }

    def _committed(self, event: TurnCommitted) -> Iterator[Event]:
        if event.pushed:
            self.commits = max(0, self.commits - 1)
        self._known.add(event.item)
        self._wordless.add(event.item)
        self.responses.turn_seconds = event.seconds
        data = self._input_audio.take(event.seconds, pushed=event.pushed)
        self._items.add_sound(event.item, Sound(event.seconds, data or None, self._input_audio.bytes_per_second))
        yield from self._new_item(event.item)
        early = [each for each in self._early if each.item == event.item]
        for each in early:
            yield from self._partial(each)

    def _cleared(self, event: AudioCleared) -> Iterator[Event]:
        """The client has taken back what it was saying."""
        self.clears = max(0, self.clears - 1)
        self._known &= self._wordless
        self._told = {item: text for item, text in self._told.items() if item in self._known}
        yield {"type": "input_audio_buffer.cleared"}

    def _new_item(self, id: str) -> Iterator[Event]:
        previous = self._items.before(id)
        yield {"type": "input_audio_buffer.committed", "item_id": id, "previous_item_id": previous}
        if self._items.history.get(id) is not None:
            yield from item_added(self._items.wire(id), previous)

    def _partial(self, event: PartialTranscript) -> Iterator[Event]:
        if not self.transcribes or not event.stable_delta:
            return
        if event.item not in self._known and not self.early_words:
            self._early.append(event)
            return
        self._told[event.item] = self._told.get(event.item, "") + event.stable_delta
        yield {"type": f"{TRANSCRIPTION}.delta", "item_id": event.item, "content_index": 0, "delta": event.stable_delta}

    def _final(self, event: FinalTranscript) -> Iterator[Event]:
        sent = self._over(event.item)
        if not self.transcribes:
            return
        ids = {"item_id": event.item, "content_index": 0}
        if (rest := event.text.removeprefix(sent)) and event.text.startswith(sent):
            yield {"type": f"{TRANSCRIPTION}.delta", **ids, "delta": rest}
        usage = self.transcript_usage(event.seconds, event.text)
        yield {"type": f"{TRANSCRIPTION}.completed", **ids, "transcript": event.text, "usage": usage}

    def transcript_usage(self, seconds: float, text: str) -> Event:
        return transcript_usage(seconds, "", text) if self.counts_tokens else duration_usage(seconds)

    def _transcript_failed(self, event: TranscriptFailed) -> Iterator[Event]:
        self._over(event.item)
        error = openai_error(event.error)["error"]
        yield {"type": f"{TRANSCRIPTION}.failed", "item_id": event.item, "content_index": 0, "error": error}

    def _over(self, item: str) -> str:
        """The words of a turn are known, or never will be. Returns what was told of them."""
        self._known.discard(item)
        self._wordless.discard(item)
        return self._told.pop(item, "")

    def _prompt_due(self, event: PromptDue) -> Iterator[Event]:
        id, history = new_item_id(), self._items.history
        newest = history.items[-1] if history.items else None
        silence = Item(id, Message("user", ""))
        if newest is not None and newest.status == "in_progress":
            history.insert(silence, self._items.before(newest.id, hidden=True))
        else:
            history.append(silence)
        self._items.add_sound(id, Sound())
        yield {
            "type": "input_audio_buffer.timeout_triggered",
            "audio_start_ms": milliseconds(max(0.0, event.at - self.prompt_after)),
            "audio_end_ms": milliseconds(event.at),
            "item_id": id,
        }
        yield from self._new_item(id)

    def _failed(self, event: Failed) -> Iterator[Event]:
        yield error_event(event.error)

    _TABLE: ClassVar[dict[type, Callable[[Any, Any], Iterator[Event]]]] = {
        SpeechStarted: _speech_started,
        SpeechStopped: _speech_stopped,
        TurnCommitted: _committed,
        AudioCleared: _cleared,
        PartialTranscript: _partial,
        FinalTranscript: _final,
        TranscriptFailed: _transcript_failed,
        PromptDue: _prompt_due,
        Failed: _failed,
    }
    """Type of a session event -> its translation."""


def item_added(item: Event, previous: str | None) -> Iterator[Event]:
    """Gives the events of an item that is complete when it is told of."""
    yield {"type": "conversation.item.added", "previous_item_id": previous, "item": item}
    yield {"type": "conversation.item.done", "previous_item_id": previous, "item": item}


def error_event(error: STTSError, event_id: str | None = None) -> Event:
    """`event_id`: of the client's event that it is about."""
    body = openai_error(error)["error"]
    return {"type": "error", "error": {**body, "code": CODES.get(body["code"], body["code"]), "event_id": event_id}}


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
