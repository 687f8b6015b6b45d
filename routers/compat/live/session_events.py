"""Events of a conversation, as a Live session tells them: fragments, delegations, speech for its output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from routers.compat.live.delegation.brain import UserTurn
from routers.compat.live.errors import error_event
from routers.compat.live.link import OutputFrame
from routers.compat.live.outgoing import Event
from routers.compat.live.state import LiveState
from routers.compat.live.transcripts import OUTPUT, InputTranscript, Transcript
from stts.access.allowances import QuotaExceeded
from stts.conversation.continuous import Mixed
from stts.conversation.events import (
    AudioFrame,
    Failed,
    FinalTranscript,
    Interrupted,
    PartialTranscript,
    ReplyEnded,
    ReplyStarted,
    SessionEvent,
    SpeechStarted,
    SpeechStopped,
    TranscriptFailed,
)

COMPLETE = ("completed", "incomplete", "failed")
"""Ends of replies that were not cut."""


class SessionEvents:
    """Takes the events of one session, in order."""

    def __init__(self, state: LiveState) -> None:
        self._state = state
        self._input = InputTranscript(state.places)
        self._output = Transcript(OUTPUT)
        self._speaker = 0
        """The reply whose words were told last."""
        self._table: dict[type, Callable[[Any], None]] = {
            SpeechStarted: self._speech_started,
            SpeechStopped: self._input.stopped,
            PartialTranscript: self._partial,
            FinalTranscript: self._final,
            TranscriptFailed: self._transcript_failed,
            ReplyStarted: self._reply_started,
            AudioFrame: self._audio,
            Interrupted: self._interrupted,
            ReplyEnded: self._reply_ended,
            Failed: self._failed,
        }

    def take(self, event: SessionEvent) -> None:
        if (take := self._table.get(type(event))) is not None:
            take(event)

    def spoken(self, frame: OutputFrame, mixed: Mixed) -> None:
        """Tells the words of a frame, before its audio."""
        for words in mixed.words:
            if words.source != self._speaker:
                self._speaker = words.source
                self._output.begin()
            self._tell(self._output.fragment(words.text, frame.start_ms, frame.end_ms))

    def _tell(self, fragment: Event | None) -> None:
        if fragment is not None:
            self._state.tell(fragment)

    def _speech_started(self, event: SpeechStarted) -> None:
        """The end of a reply that is complete may still wait to be heard."""
        self._input.started(event)
        config = self._state.core.config
        if config.policy.interrupts:
            self._state.interrupted()

    def _partial(self, event: PartialTranscript) -> None:
        self._tell(self._input.partial(event, self._state.core.position))

    def _final(self, event: FinalTranscript) -> None:
        self._tell(self._input.final(event, self._state.core.position))
        if event.text.strip() and not self._state.closing:
            self._state.brain.turn(UserTurn(event.text, event.item))

    def _transcript_failed(self, event: TranscriptFailed) -> None:
        self._input.over(event.turn)
        self._state.tell(error_event(event.error))

    def _reply_started(self, event: ReplyStarted) -> None:
        if self._state.fixture:
            self._state.core.cancel(event.generation)

    def _audio(self, event: AudioFrame) -> None:
        self._state.mixer.add(event.generation, event.data, event.text)

    def _interrupted(self, event: Interrupted) -> None:
        self._state.speaking.forget()
        self._state.interrupted()

    def _reply_ended(self, event: ReplyEnded) -> None:
        state = self._state
        if event.error is not None:
            state.tell(error_event(event.error))
            state.quota_told |= isinstance(event.error, QuotaExceeded)
        if event.status in COMPLETE:
            state.mixer.end(event.generation)
        else:
            state.speaking.forget()
            state.interrupted()

    def _failed(self, event: Failed) -> None:
        self._state.tell(error_event(event.error))
