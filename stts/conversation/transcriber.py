"""Transcribes utterances: one after the other through the place for transcription, each with its time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from functools import partial

from stts.chat import Message
from stts.conversation.events import FinalTranscript, Lagging, PartialTranscript, TranscriptFailed, TranscriptSettled
from stts.conversation.segmenter import Utterance
from stts.conversation.session_state import SessionState
from stts.conversation.unheard import unheard
from stts.errors import EngineTimeout, NotFound, STTSError
from stts.protocols import HearRequest, TranscriptionSession
from stts.streams.channel import Channel
from stts.transcription import (
    Segment,
    TranscriptCheckpoint,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptLagging,
    TranscriptPartial,
    TranscriptSegment,
)

WAITING_UTTERANCES = 4
"""Utterances that may wait for the transcription of the one before."""


class Transcriber:
    """`on_unconfirmed`: words of what may still be a noise; `on_settled`: those up to a pause; `on_words`: the last."""

    def __init__(
        self,
        state: SessionState,
        *,
        on_unconfirmed: Callable[[Utterance], None],
        on_settled: Callable[[Utterance, str], None],
        on_words: Callable[[Utterance], None],
    ) -> None:
        self._state = state
        self._on_unconfirmed, self._on_settled, self._on_words = on_unconfirmed, on_settled, on_words
        self._waiting: Channel[Utterance] = Channel(WAITING_UTTERANCES)
        self._session: TranscriptionSession | None = None
        self._next_session: TranscriptionSession | None = None
        self._begun = False
        self._busy = False
        self._working: Utterance | None = None
        """The utterance that is transcribed."""
        self._unknown: list[Utterance] = []
        """Those whose audio is complete and whose words are not known; few."""
        self._steps = 0
        """Events of the transcripts of all utterances so far."""

    async def open(self) -> None:
        self._session = await self._state.services.open(self._state.config.listen)

    async def close(self) -> None:
        """When all tasks have ended."""
        for utterance in self._unknown:
            _stop_watching(utterance)
        for session in (self._session, self._next_session):
            if session is not None:
                await session.aclose()
        self._on_unconfirmed = self._on_settled = self._on_words = unheard

    async def listen_as(self, config: TranscriptionConfig) -> None:
        """From the next utterance on. Raises what opening a place raises."""
        for session in (self._session, self._next_session):
            if session is not None:
                session.retire()  # Also where opening fails: all it loses is being kept ready for.
        wanted = await self._state.services.open(config)
        unused, self._next_session = self._next_session, wanted
        if unused is not None:
            await unused.aclose()
        if not self._busy:
            await self._change_places()

    def put(self, utterance: Utterance) -> None:
        """Its words are wanted, from its first sound on."""
        self._waiting.put(utterance, 1)
        self._begin()

    @property
    def settled(self) -> bool:
        """The words of all that was said are known."""
        return not self._unknown

    @property
    def has_room(self) -> bool:
        return self._waiting.has_room

    async def room(self) -> None:
        """Waits while too many utterances wait."""
        await self._waiting.room()

    def finish(self) -> None:
        """No more utterances come."""
        self._waiting.close()
        self._begin()

    def confirm(self, utterance: Utterance) -> None:
        """It is one: what was understood of it may be told."""
        if not utterance.confirmed:
            utterance.confirmed = True
            if utterance.stable or utterance.tail:
                self._emit_partial(utterance, utterance.stable)

    def conclude(self, utterance: Utterance) -> None:
        """Its audio is complete."""
        self._unknown.append(utterance)
        if utterance.transcribed:
            self._known(utterance)
        else:
            self._watch(utterance)

    def _begin(self) -> None:
        """Not before something is said: a session may be silent for as long as it lasts."""
        if not self._begun:
            self._begun = True
            self._state.start(self._run(), "transcribe")

    async def _run(self) -> None:
        async for utterance in self._waiting:
            if utterance.forgotten:
                continue
            self._busy, self._working = True, utterance
            self._steps += 1
            await self._change_places()
            if self._session is not None:
                utterance.work = self._state.start(self._words(utterance, self._session), "utterance")
                try:
                    await asyncio.wait([utterance.work])
                finally:
                    utterance.work = None  # it holds the utterance, where it was cancelled
            self._busy, self._working = False, None
        self._state.outbox.close()

    async def _change_places(self) -> None:
        if self._next_session is not None:
            used, self._session, self._next_session = self._session, self._next_session, None
            if used is not None:
                await used.aclose()

    async def _words(self, utterance: Utterance, session: TranscriptionSession) -> None:
        state = self._state
        try:
            request, context = HearRequest(utterance.audio, session), state.services.context("stt")
            if utterance.trace is not None:
                context.span = utterance.trace.span
            async with aclosing(state.services.hear(context, request)) as events:
                async for event in events:
                    self._transcript(utterance, event)
            utterance.fallback = context.output_data.fallback
        except STTSError as error:
            utterance.error = error.with_traceback(None)  # which holds the utterance
        utterance.transcribed = True
        utterance.audio.close()
        if utterance.committed:
            self._known(utterance)

    def _transcript(self, utterance: Utterance, event: TranscriptEvent) -> None:
        self._steps += 1
        match event:
            case TranscriptPartial(delta, tail):
                utterance.stable += delta
                utterance.tail = tail
                if utterance.confirmed:
                    self._emit_partial(utterance, delta)
                else:
                    self._on_unconfirmed(utterance)
            case TranscriptCheckpoint(segment=segment) if utterance.settled_at:
                self._settled(utterance, segment)
            case TranscriptCheckpoint(text) if utterance.paused and not utterance.committed:
                utterance.transcribed_at = self._state.clock()
                self._on_settled(utterance, text)
            case TranscriptSegment(segment):
                utterance.segment = segment
            case TranscriptLagging(seconds):
                self._state.outbox.emit(Lagging(seconds))

    def _settled(self, utterance: Utterance, segment: Segment | None) -> None:
        """Its words so far are final. Once its audio is complete, so are all of them."""
        if not utterance.committed and not utterance.forgotten:
            settled = TranscriptSettled(utterance.turn, utterance.item, segment, utterance.start, utterance.settled_at)
            self._state.outbox.emit(settled)

    def _emit_partial(self, utterance: Utterance, delta: str) -> None:
        self._state.outbox.emit(PartialTranscript(utterance.turn, utterance.item, delta, utterance.tail))

    def _watch(self, utterance: Utterance) -> None:
        """Gives it up when nothing has gone on for so long: audio that came in a burst has its words one turn after the
        other."""
        look = partial(self._look, utterance, self._progress())
        utterance.timeout = asyncio.get_running_loop().call_later(
            self._state.config.transcript_timeout, self._state.run, look
        )

    def _look(self, utterance: Utterance, before: tuple[int, float]) -> None:
        if self._progress() != before:
            self._watch(utterance)
            return
        utterance.error = EngineTimeout("The words of this turn took too long.")
        utterance.forgotten = True
        if utterance.work is not None:
            utterance.work.cancel()
        self._known(utterance)

    def _progress(self) -> tuple[int, float]:
        return self._steps, self._working.audio.waiting if self._working is not None else 0.0

    def _known(self, utterance: Utterance) -> None:
        """Its words are final, or there will be none."""
        if utterance.known:
            return
        utterance.known = True
        _stop_watching(utterance)
        state = self._state
        utterance.transcribed_at = utterance.transcribed_at or state.clock()
        with suppress(NotFound):  # deleted by the client, or fallen out of the bounds
            state.history.replace(utterance.item, Message("user", utterance.text), "completed")
        if utterance.error is not None:
            state.outbox.emit(TranscriptFailed(utterance.turn, utterance.item, utterance.error))
        else:
            state.outbox.emit(
                FinalTranscript(
                    utterance.turn,
                    utterance.item,
                    utterance.segment,
                    utterance.start,
                    utterance.audio.seconds,
                    utterance.fallback,
                )
            )
        state.traces.known(utterance)
        self._on_words(utterance)
        state.traces.unanswered(utterance)
        self._unknown.remove(utterance)


def _stop_watching(utterance: Utterance) -> None:
    if utterance.timeout is not None:
        utterance.timeout.cancel()
        utterance.timeout = None
