"""Tells who says what in a recording: its segments go in as they are heard, and come out with their speakers. Pure.

The voices of all of it are grouped at its end, which is surest. Whoever wants segments early has them once enough has
been heard to tell the voices of until then apart; those that come later join the voice that they are most like, or are
another's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stts.text.transcript import join_texts
from stts.transcription import Segment, SpeakerWishes
from stts.voices.change_points import Windows, pieces_of, runs, spoken_by
from stts.voices.clustering import HowMany, Vectors, grouped, nearest, unit

SURE_SECONDS = 1.2
"""Shortest piece that may show a voice that has not been heard yet: shorter ones sound like many."""
ENOUGH_SECONDS = 20.0
"""Speech after which voices are told apart for those who want segments early."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One region of speech, and the words in it."""

    windows: Windows
    segments: tuple[Segment, ...]


class Diarisation:
    """One recording: `add()` each region, then `finish()`."""

    def __init__(self, wishes: SpeakerWishes, same: float, known: Vectors | None = None) -> None:
        """`same`: cosine from which two vectors are of one person. `known`: a vector for each of the known speakers."""
        self._wishes = wishes
        self._same = wishes.same or same
        self._known = known if known is not None and len(known) else None
        self._waiting: list[_Heard] = []
        self._speech = 0.0
        self._sums: Vectors | None = None
        """A vector for each speaker, once they are told apart."""
        self._names: dict[int, str] = {}
        """Names that were told, by the place of the speaker."""

    def add(self, windows: Windows, segments: Sequence[Segment]) -> Iterator[Segment]:
        """Takes the next region, and gives what can be told by now."""
        heard = _Heard(windows, tuple(segments))
        self._speech += windows.seconds
        if self._sums is not None:
            self._sums = self._widened(self._sums, windows)
            yield from self._told(heard, self._sums)
            return
        self._waiting.append(heard)
        if self._wishes.early and self._speech >= ENOUGH_SECONDS:
            yield from self.finish()

    def finish(self) -> Iterator[Segment]:
        """Tells the voices of all that waits apart, and gives it."""
        waiting, self._waiting = self._waiting, []
        if waiting and self._sums is None:
            self._sums = self._grouped(waiting)
        for heard in waiting:
            if self._sums is not None:
                yield from self._told(heard, self._sums)

    @property
    def speakers(self) -> int:
        """Speakers whose words were told."""
        return len(self._names)

    def _grouped(self, heard: Sequence[_Heard]) -> Vectors:
        found = [(each.windows, piece) for each in heard for piece in pieces_of(each.windows, self._same)]
        vectors = unit(np.stack([windows.vectors[piece.first : piece.last].mean(axis=0) for windows, piece in found]))
        seconds = np.array([piece.seconds for _, piece in found], np.float32)
        sure = seconds >= SURE_SECONDS
        if sure.sum() < min(len(found), self._wishes.fewest):
            sure[:] = True
        _, sums = grouped(vectors[sure], seconds[sure], self._same, self._many, self._known)
        return sums

    @property
    def _many(self) -> HowMany:
        return HowMany(self._wishes.fewest, max(self._wishes.fewest, self._wishes.most))

    def _widened(self, sums: Vectors, windows: Windows) -> Vectors:
        """The speakers with what a further region tells of them; a voice that is like none of theirs is another's."""
        for piece in pieces_of(windows, self._same):
            if piece.seconds < SURE_SECONDS:
                continue
            vector = unit(windows.vectors[piece.first : piece.last].mean(axis=0, keepdims=True))
            (best,), (likeness,) = nearest(vector, sums)
            if likeness < self._same and len(sums) < self._many.most:
                sums = np.concatenate((sums, vector * piece.seconds))
            else:
                sums[best] += vector[0] * piece.seconds
        return sums

    def _told(self, heard: _Heard, sums: Vectors) -> Iterator[Segment]:
        course = spoken_by(heard.windows, sums)
        for segment in heard.segments:
            if segment.words:
                places = [int(course[heard.windows.at((word.start + word.end) / 2)]) for word in segment.words]
                for first, last, place in runs(places):
                    yield replace(_part(segment, first, last), speaker=self._name(place))
            else:
                first, last = heard.windows.at(segment.start), heard.windows.at(segment.end)
                place = int(np.bincount(course[first : last + 1]).argmax())
                yield replace(segment, speaker=self._name(place))

    def _name(self, place: int) -> str:
        """The name that is known, or the next letter, in the order in which they speak."""
        if place not in self._names:
            names = [each.name for each in self._wishes.known]
            taken = {*names, *self._names.values()}
            self._names[place] = (
                names[place]
                if self._known is not None and place < len(self._known)
                else next(letter for letter in letters() if letter not in taken)
            )
        return self._names[place]


def letters() -> Iterator[str]:
    """A, B, .., Z, AA, AB, .."""
    number = 0
    while True:
        number += 1
        rest, letter = number, ""
        while rest:
            rest, place = divmod(rest - 1, 26)
            letter = chr(ord("A") + place) + letter
        yield letter


def _part(segment: Segment, first: int, last: int) -> Segment:
    """Some of the words of a segment, as a segment of their own."""
    if first == 0 and last == len(segment.words):
        return segment
    words = segment.words[first:last]
    text = join_texts((word.text for word in words), segment.language)
    return replace(segment, text=text, start=words[0].start, end=words[-1].end, words=words, tokens=(), likely=())
