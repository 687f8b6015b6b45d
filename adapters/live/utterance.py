"""What is known of one utterance: the parts whose words are decided, and what is agreed on of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.segments import shifted, united
from stts.engine_api import STT_SAMPLE_RATE, Segment
from stts.events import TranscriptDone, TranscriptPartial, TranscriptSegment, TranscriptSettled
from stts.text.agreement import AGREEING, HELD, Agreement
from stts.text.transcript import join_texts


class Utterance:
    def __init__(self, language: str | None, agreeing: int = AGREEING, held: int = HELD) -> None:
        """`language` as asked for; the rest as for Agreement."""
        self.language = language
        self._agreement = Agreement(agreeing, held)
        self._decided: list[Segment] = []
        self._tail = ""

    @property
    def decided(self) -> str:
        """The text of what is decided."""
        return join_texts((segment.text for segment in self._decided), self.language)

    def decide(self, segments: Sequence[Segment], begun: int) -> None:
        """The words of the next part, which begins at this sample of the utterance."""
        for segment in segments:
            self.language = self.language or segment.language
            self._decided.append(shifted(segment, begun / STT_SAMPLE_RATE))

    def think(self, hypothesis: str) -> Iterator[TranscriptPartial]:
        """What may have been said after what is decided."""
        delta, tail = self._agreement.hear(join_texts((self.decided, hypothesis), self.language))
        if delta or tail != self._tail:
            self._tail = tail
            yield TranscriptPartial(delta, tail)

    def settle(self, undecided: Sequence[Segment] = ()) -> TranscriptSettled:
        """If this were the end."""
        texts = (self.decided, *(segment.text for segment in undecided))
        return TranscriptSettled(self._agreement.whole(join_texts(texts, self.language)))

    def finish(self, seconds: float) -> Iterator[TranscriptPartial | TranscriptSegment | TranscriptDone]:
        """All is decided: the last of the text, the segment if there are words, the end."""
        text, delta = self._agreement.finish(self.decided)
        if delta or self._tail:
            yield TranscriptPartial(delta, "")
        if text:
            yield TranscriptSegment(
                united(self._decided or (Segment(text, 0.0, seconds, language=self.language),), text)
            )
        yield TranscriptDone(seconds, self.language)
