"""Hypothesis of one utterance: the segments whose words are committed, and the words agreed on of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.transcription.segments import ENGLISH, shifted, united, written
from stts.engine_api import STT_SAMPLE_RATE, Segment, Task
from stts.text.agreement import AGREEING, HELD, Agreement
from stts.text.transcript import join_texts
from stts.transcription import TranscriptCheckpoint, TranscriptDone, TranscriptPartial, TranscriptSegment


class Hypothesis:
    def __init__(
        self, language: str | None, agreeing: int = AGREEING, held: int = HELD, *, task: Task = "transcribe"
    ) -> None:
        """`language` as asked for; `agreeing` and `held` as for Agreement."""
        self.language = language
        """That is spoken."""
        self._task = task
        self._agreement = Agreement(agreeing, held)
        self._decided: list[Segment] = []
        self._untold = ""
        """Deltas of what is decided."""
        self._tail = ""

    @property
    def decided(self) -> str:
        """The text of what is decided."""
        return self._joined(self._decided)

    @property
    def written(self) -> str | None:
        """Language of the text."""
        return ENGLISH if self._task == "translate" else self.language

    def commit(self, segments: Sequence[Segment], begun: int, *, all_heard: bool = True) -> None:
        """The words of the next part, which begins at this sample of the utterance; `all_heard` as for Agreement."""
        for segment in segments:
            self.language = self.language or segment.language
            self._decided.append(written(shifted(segment, begun / STT_SAMPLE_RATE), self._task))
        self._untold += self._agreement.commit(self._joined(segments), all_heard=all_heard)

    def update(self, hypothesis: str) -> Iterator[TranscriptPartial]:
        """Takes the newest words after the committed ones, and gives the partial transcripts that follow from them."""
        delta, tail = self._agreement.hear(hypothesis)
        delta, self._untold = self._untold + delta, ""
        if delta or tail != self._tail:
            self._tail = tail
            yield TranscriptPartial(delta, tail)

    def contradicted(self, segments: Sequence[Segment], *, all_heard: bool = True) -> bool:
        """Whether these words of the open part are others than were committed of it; `all_heard` as for Agreement."""
        return self._agreement.contradicted(self._joined(segments), all_heard=all_heard)

    def so_far(
        self, undecided: Sequence[Segment] = (), begun: int = 0, *, settle: bool
    ) -> Iterator[TranscriptPartial | TranscriptCheckpoint]:
        """The text if this were the end; `begun` as for `commit`.

        `settle`: its words are final, and more may follow in the same part.
        """
        text = self._joined(undecided)
        if not settle:
            yield TranscriptCheckpoint(self._agreement.whole(text))
            return
        delta = self._untold + self._agreement.settle(text)
        if delta or self._tail:
            yield TranscriptPartial(delta, "")
        self._untold = self._tail = ""
        all_text = self._agreement.committed
        moved = (written(shifted(segment, begun / STT_SAMPLE_RATE), self._task) for segment in undecided)
        segments = [*self._decided, *moved]
        yield TranscriptCheckpoint(all_text, united(segments, all_text) if segments and all_text else None)

    def finish(self, seconds: float) -> Iterator[TranscriptPartial | TranscriptSegment | TranscriptDone]:
        """All is decided: the last of the text, the segment if there are words, the end."""
        text = self._agreement.committed
        if self._untold or self._tail:
            yield TranscriptPartial(self._untold, "")
        if text:
            yield TranscriptSegment(
                united(self._decided or (Segment(text, 0.0, seconds, language=self.written),), text)
            )
        yield TranscriptDone(seconds, self.language)

    def _joined(self, segments: Sequence[Segment]) -> str:
        return join_texts((segment.text for segment in segments), self.written)
