"""Speech with the times of its characters: what the dialects share that tell of words as they are heard."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from stts.context import RequestContext
from stts.speech import AudioChunk
from stts.spoken_words import Words, moved
from stts.text.timing import PlacedText, TimedText, timed
from stts.text.transcript import separator


@dataclass(frozen=True, slots=True)
class TimedAudio:
    data: bytes
    """Encoded audio; may be empty where only times are told."""
    times: TimedText | None = None
    """The piece of text whose audio ends with this, its times from the start of the answer."""
    header: bytes = b""
    """Overwrites the first bytes of a file that is kept."""
    retracts: bool = False
    """All before it is taken back."""


async def timed_speech(
    chunks: AsyncGenerator[AudioChunk, None], context: RequestContext, text: str | None = None
) -> AsyncGenerator[TimedAudio, None]:
    """`text`: all of it, where it is known: then what stands between the pieces is told too."""
    pieces = _Pieces(context, text)
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.retracts:
                pieces = _Pieces(context, text)
                yield TimedAudio(b"", retracts=True)
                continue
            if chunk.text and (before := pieces.end()) is not None:
                yield TimedAudio(b"", before)
            pieces.hear(chunk)
            times = pieces.end() if chunk.ends_piece else None
            if chunk.data or times is not None:
                yield TimedAudio(chunk.data, times, chunk.header)
    if (last := pieces.end()) is not None:
        yield TimedAudio(b"", last)


class _Pieces:
    def __init__(self, context: RequestContext, text: str | None) -> None:
        self._context = context
        self._text = text
        self._placed: PlacedText | None = None
        self._piece = ""
        self._start = self._seconds = 0.0
        self._words: Words = ()

    def hear(self, chunk: AudioChunk) -> None:
        if chunk.text:
            self._piece, self._start, self._words = chunk.text, self._seconds, ()
        self._words += moved(chunk.words, seconds=self._seconds)
        self._seconds += chunk.seconds

    def end(self) -> TimedText | None:
        """The times of the piece that was heard; None where there is none."""
        if not self._piece:
            return None
        if self._placed is None:
            self._placed = PlacedText(self._text, separator(self._context.output_data.language))
        piece, self._piece = timed(self._piece, self._start, self._seconds - self._start, self._words), ""
        return self._placed.place(piece)
