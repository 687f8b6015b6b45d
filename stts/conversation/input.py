"""Input pipeline of a session: from audio to utterances, whose words `transcriber.py` gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stts.chat import Message
from stts.conversation.early_signals import EarlySignals
from stts.conversation.events import AudioCleared, Failed, SpeechStarted, SpeechStopped, TurnCommitted
from stts.conversation.history import Item, new_item_id
from stts.conversation.inbox import Command, HeardFrames
from stts.conversation.input_flow import Bounded, InputFlow
from stts.conversation.segmenter import JudgedFrame, SpeechSegmenter, Utterance, compact
from stts.conversation.session_state import SessionState
from stts.conversation.state import State
from stts.conversation.transcriber import Transcriber
from stts.conversation.unheard import unheard
from stts.engine_api import Samples
from stts.errors import STTSError
from stts.streams.live import LiveAudio
from stts.transcription import TranscriptionConfig
from stts.vad.endpointing import FRAME_SECONDS, Endpoint, Signal
from stts.vad.rules import TurnRules


class InputPipeline:
    """Calls `on_signal` for what the segmenter finds, `on_settled` for words up to a pause, `on_words` for the last."""

    def __init__(
        self,
        state: SessionState,
        *,
        on_signal: Callable[[Signal], None],
        on_settled: Callable[[Utterance, str], None],
        on_words: Callable[[Utterance], None],
    ) -> None:
        self.current: Utterance | None = None
        """The utterance that audio goes to."""
        self.segmenter = SpeechSegmenter(state.config.turns)
        self._state = state
        self._on_signal = on_signal
        self._early = EarlySignals(state, self.segmenter, self._signal)
        self.words = Transcriber(
            state, on_unconfirmed=self._early.confirm_by_words, on_settled=on_settled, on_words=on_words
        )
        self._inbox = InputFlow(
            state, on_frames=self._look_at, on_command=self._obey, on_end=self.words.finish, bounds=self._bounds
        ).inbox
        self._pushing = False
        """A client's command about a turn is being carried out."""
        self._trouble = ""
        self.turn = 0
        """Number of the newest turn."""

    @property
    def settled(self) -> bool:
        """True if it takes no more audio, and the words of all turns are known."""
        return self._inbox.over and self.words.settled

    async def open(self) -> None:
        await self.words.open()

    async def close(self) -> None:
        """When all tasks have ended."""
        self._inbox.close()
        self._early.close()
        await self.words.close()
        self._on_signal = unheard

    async def listen_as(self, config: TranscriptionConfig) -> None:
        """From the next utterance on. Raises what opening a place raises."""
        await self.words.listen_as(config)

    @property
    def has_room(self) -> bool:
        return self._inbox.has_room

    async def hear(self, samples: Samples) -> None:
        await self._inbox.room()
        self.hear_now(samples)

    def hear_now(self, samples: Samples) -> None:
        self._inbox.write(samples, self._state.config.turns)

    def commit(self) -> None:
        """Raises Conflict where there is no audio."""
        self._inbox.commit()

    def clear(self) -> None:
        if not self._inbox.clear():
            self._state.outbox.emit(AudioCleared())

    def stop(self) -> None:
        """Takes no more audio: with what was given so far the current turn is over."""
        self._inbox.stop()

    def finish(self) -> None:
        """No more audio comes. When the words of all that was said are told, there is nothing more to tell."""
        self._inbox.finish()

    def announce(self) -> None:
        """Tells of the current utterance, and what was understood of it so far."""
        if (utterance := self.current) is None:
            return
        utterance.announced = True
        self._state.outbox.emit(SpeechStarted(utterance.turn, utterance.item, utterance.start))
        self.words.confirm(utterance)

    def forget(self) -> None:
        """The current utterance was none."""
        utterance, self.current = self.current, None
        if utterance is not None:
            utterance.forgotten = True
            self._state.traces.forgotten(utterance)
            utterance.audio.close()
            if utterance.work is not None:
                utterance.work.cancel()

    def checkpoint(self) -> None:
        """Asks whether what was said so far was all, and for its words where a reply to them may be prepared."""
        utterance, rules = self.current, self.segmenter.rules
        if utterance is None or rules is None:
            return
        utterance.paused = True
        utterance.pauses += 1
        config = self._state.config
        if utterance.settle(self.segmenter.position, config.listen.settle_after) or config.answers_early:
            utterance.audio.checkpoint()
        self._early.ask_detector(utterance, rules.longest_silence)

    def finalize(self, at: float) -> None:
        """Closes the current utterance, whose last sound was `at` (seconds of the stream); its words follow."""
        utterance, self.current = self.current, None
        if utterance is None:
            return
        state = self._state
        self.words.confirm(utterance)
        utterance.committed = True
        utterance.ended_at = state.clock() - max(0.0, self.segmenter.position - at)
        state.traces.finalized(utterance)
        utterance.audio.close()
        utterance.recent.clear()
        self._inbox.turn_ended()
        state.history.append(Item(utterance.item, Message("user", ""), "in_progress"))
        if utterance.announced:
            state.outbox.emit(SpeechStopped(utterance.turn, utterance.item, at))
        state.outbox.emit(TurnCommitted(utterance.turn, utterance.item, utterance.audio.seconds, pushed=self._pushing))
        self.words.conclude(utterance)

    def _bounds(self) -> list[Bounded]:
        """Returns all that has to have room before more is looked at."""
        bounds: list[Bounded] = [self.words, self._state.outbox]
        if (utterance := self.current) is not None and not utterance.transcribed:
            bounds.append(utterance.audio)
        return bounds

    def _look_at(self, heard: HeardFrames) -> None:
        if heard.rules is not self.segmenter.rules:
            self._follow(heard.rules)
        taken, over = 0, self._over
        try:
            for number, (probability, level) in enumerate(self._inbox.look_at(heard), 1):
                signals = self.segmenter.signals(probability, level, over=over)
                if signals or probability is None:
                    self._take(heard, taken, number)
                    for signal in signals:
                        self._signal(signal)
                    if probability is None and self._too_long:
                        self._on_signal(Signal(Endpoint.ENDED, self.segmenter.position))
                    taken, over = number, self._over
            self._take(heard, taken, len(heard.frames))
            self._trouble = ""
        except STTSError as error:
            self._complain(error.with_traceback(None))  # which holds the frames that it was found for

    @property
    def _over(self) -> bool:
        return self._state.turns.state is not State.LISTENING

    def _follow(self, rules: TurnRules | None) -> None:
        """Other rules. An utterance goes on without any, but not under rules that have not seen it begin."""
        before = self.segmenter.rules
        candidate = self.segmenter.endpointer.candidate
        self.segmenter.follow(rules)
        if (rules is None and candidate) or (before is None and self.current is not None):
            self._on_signal(Signal(Endpoint.FALSE_ALARM, self.segmenter.position))
        elif rules is None and self.current is not None:
            self.current.audio.judged = False

    def _take(self, heard: HeardFrames, begin: int, end: int) -> None:
        """Takes frames that were looked at, all of which belong to the utterance, or may begin one."""
        if begin == end:
            return
        frames, judged = heard.frames[begin:end], heard.judged_part(begin, end)
        if self.current is None and judged is None:
            self.words.confirm(self._open(self.segmenter.position - FRAME_SECONDS, []))
        if self.current is not None:
            self._write(self.current, frames, None if judged is None else judged.probabilities)
        elif judged is not None:
            for frame, probability, level in zip(frames, judged.probabilities, judged.levels, strict=True):
                self.segmenter.keep(compact(frame, level), probability)

    @property
    def _too_long(self) -> bool:
        """True if a turn that the client is to end is ended here; it can go on in the next one."""
        current = self.current
        return current is not None and self.segmenter.position - current.start >= self._state.config.longest_pushed

    def _signal(self, signal: Signal) -> None:
        if signal.kind is Endpoint.ONSET and self.current is None:
            frames = self.segmenter.take_prefix(signal.at)
            self._open(self.segmenter.position - len(frames) * FRAME_SECONDS, frames)
        elif signal.kind is Endpoint.RESUMED and self.current is not None:
            self.current.paused, self.current.transcribed_at = False, None
        self._on_signal(signal)

    def _open(self, start: float, frames: list[JudgedFrame]) -> Utterance:
        self.turn += 1
        seconds, clock = self._state.config.waiting_seconds, self._state.clock
        before = len(frames) * FRAME_SECONDS
        audio = LiveAudio(seconds, clock, judged=self.segmenter.rules is not None, before=before)
        utterance = Utterance(self.turn, new_item_id(), start, audio)
        self._state.traces.opened(utterance, before)
        for frame, probability in frames:
            self._write(utterance, frame.reshape(1, -1), None if probability is None else [probability])
        self.words.put(utterance)
        self.current = utterance
        self._state.turns.opened(utterance.turn, confirmed=self.segmenter.rules is None)
        return utterance

    def _write(self, utterance: Utterance, frames: Samples, probabilities: Sequence[float] | None) -> None:
        if not utterance.transcribed:
            rules, detector = self.segmenter.rules, self._state.services.detector
            remember = detector is not None and rules is not None and rules.detector
            utterance.write(frames, probabilities, remember=remember)

    def _obey(self, command: Command) -> None:
        self._pushing = command != "stop"
        self._carry_out(command)
        self._pushing = False

    def _carry_out(self, command: Command) -> None:
        if command == "clear":
            self.segmenter.forget()
            self._on_signal(Signal(Endpoint.FALSE_ALARM, self.segmenter.position))
            for _ in range(self._inbox.clears()):
                self._state.outbox.emit(AudioCleared())
            return
        if command in ("stop", "finish") and self.current is None:
            return
        if self.current is None:
            frames = self.segmenter.take_prefix(0.0)
            self._open(self.segmenter.position - len(frames) * FRAME_SECONDS, frames)
        signals = self.segmenter.endpointer.end() if self.segmenter.rules is not None else ()
        if any(signal.kind is Endpoint.ENDED for signal in signals):
            for signal in signals:
                self._signal(signal)
        else:
            self.segmenter.endpointer.reset()
            self._on_signal(Signal(Endpoint.ENDED, self.segmenter.position))

    def _complain(self, error: STTSError) -> None:
        """Once, not with each message, until it works again."""
        if error.code != self._trouble:
            self._trouble = error.code
            self._state.outbox.emit(Failed(error))
