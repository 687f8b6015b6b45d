"""Signals that do not wait for silence: two words confirm an utterance, a turn detector ends it or lets it go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stts.conversation.segmenter import SpeechSegmenter, Utterance
from stts.conversation.session_state import SessionState
from stts.conversation.unheard import unheard
from stts.vad.endpointing import Signal

CONFIRMING_WORDS = 2
CONFIRMING_SECONDS = 0.3
"""So many words, after so much speech, are no noise."""
TURN_OVER = 0.5
"""Probability from which a turn detector is believed."""


class EarlySignals:
    """Gives to `on_signal` what concerns the utterance that audio goes to."""

    def __init__(
        self,
        state: SessionState,
        segmenter: SpeechSegmenter,
        on_signal: Callable[[Signal], None],
    ) -> None:
        self._state = state
        self._segmenter = segmenter
        self._on_signal = on_signal

    def close(self) -> None:
        """When all tasks have ended."""
        self._on_signal = unheard

    def ask_detector(self, utterance: Utterance, longest: float) -> None:
        """Has the turn detector judge the end of a paused utterance, which it may hold open for `longest` seconds of
        silence."""
        if utterance.recent:
            self._state.start(self._judge(utterance, longest), "turn detector")

    def confirm_by_words(self, utterance: Utterance) -> None:
        """Confirms an utterance whose words so far are enough."""
        words = len((utterance.stable + utterance.tail).split())
        # Of the sound itself: an engine hears words in every voiced cough, and what is kept before it lasts longer.
        spoken = self._segmenter.endpointer.spoken
        if utterance.open and words >= CONFIRMING_WORDS and spoken >= CONFIRMING_SECONDS:
            self._give(self._segmenter.endpointer.confirm())

    async def _judge(self, utterance: Utterance, longest: float) -> None:
        detector = self._state.services.detector
        if detector is None:
            return
        pause = utterance.pauses

        def pausing() -> bool:
            return utterance.open and utterance.paused and utterance.pauses == pause

        probability = await detector.finished(lambda: tuple(utterance.recent) if pausing() else ())
        if probability is None or not pausing():
            return
        if probability < TURN_OVER:
            self._segmenter.endpointer.hold(longest)
        else:
            self._give(self._segmenter.endpointer.end())

    def _give(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            self._on_signal(signal)
