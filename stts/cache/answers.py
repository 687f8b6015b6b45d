"""Answers as entries of the cache, and back: a finished file with the marks of its chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from stts.cache.stored import Stored
from stts.context import CacheNote, RequestContext
from stts.plans import SpeechPlan
from stts.speech import AudioChunk
from stts.spoken_words import Words, moved, read_words, words_plain

MOST_CHUNK_BYTES = 64_000
"""Chunks of one piece of text are joined up to this size."""
MOST_WORDS = 10_000
"""Words of which the times are kept: they stand in the header of an entry, which is bounded and always in memory."""

Mark = tuple[int, float, int, int]
"""One chunk: its bytes, its seconds, and where its text begins and ends in the whole text."""
WORDS = "words"
"""Member of what is said of an answer: the words of each chunk, where its engine has told any."""


def key_of(plan: SpeechPlan, text: str) -> str:
    """The key of the answer to a cleaned text. A recording of a user is that user's voice alone."""
    return plan.key(text)


def etag_of(key: str, made: str) -> str:
    """Names the bytes of one answer. `made`: tells it from others to the same request."""
    return f'"{hashlib.blake2b((key + made).encode(), digest_size=16).hexdigest()}"'


def entry_of(
    plan: SpeechPlan, text: str, chunks: Sequence[AudioChunk], etag: str, created: float, expires: float
) -> Stored | None:
    """The answer as an entry; None where the text of a chunk is not a part of the whole."""
    found = _marks(text, chunks)
    if found is None:
        return None
    marks, words = found
    if sum(map(len, words)) > MOST_WORDS:
        words = []
    data = b"".join(chunk.data for chunk in chunks)
    header = next((chunk.header for chunk in reversed(chunks) if chunk.header), b"")
    return Stored(
        "answer",
        header + data[len(header) :],
        plan.instance,
        created,
        expires,
        tuple(name for name in (plan.voice.id, plan.voice.digest) if name),
        plan.owner,
        {"marks": marks, "etag": etag, **({WORDS: [*map(words_plain, words)]} if any(words) else {})},
    )


def chunks_of(entry: Stored, text: str) -> Iterator[AudioChunk]:
    """The chunks in which it was made. `text`: the one that it was made of."""
    data, at = memoryview(entry.data), 0
    marks = entry.about["marks"]
    words = entry.about.get(WORDS) or [[]] * len(marks)
    for place, (size, seconds, begin, end) in enumerate(marks):
        ends = place + 1 == len(marks) or marks[place + 1][2] < marks[place + 1][3]
        told = read_words(words[place])
        yield AudioChunk(bytes(data[at : at + size]), seconds, text[begin:end], ends_piece=ends, words=told)
        at += size


def tell(entry: Stored, plan: SpeechPlan, text: str, context: RequestContext) -> None:
    """Tells what is known of the answer: headers are made from it, and it is counted by it."""
    output, times = context.output_data, context.metrics
    output.engine, output.voice, output.language = plan.instance, plan.voice.id, plan.language
    output.audio, output.expected_seconds = plan.output, 0.0
    times.audio_seconds = sum(mark[1] for mark in entry.about["marks"])
    times.characters = len(text)


def note_of(entry: Stored, now: float) -> CacheNote:
    """`now`: Unix time."""
    return CacheNote("HIT", entry.about["etag"], entry.age(now))


def _marks(text: str, chunks: Sequence[AudioChunk]) -> tuple[list[Mark], list[Words]] | None:
    marks: list[Mark] = []
    words: list[Words] = []
    at = 0
    for chunk in chunks:
        begin = text.find(chunk.text, at)
        if begin < 0:
            return None
        at = begin + len(chunk.text)
        size, seconds = len(chunk.data), chunk.seconds
        before = marks[-1] if marks and marks[-1][0] + size <= MOST_CHUNK_BYTES else None
        if before is not None and not chunk.text:
            # All of it is there at once, so the parts of a piece go as one.
            words[-1] += moved(chunk.words, seconds=before[1])
            marks[-1] = (before[0] + size, before[1] + seconds, before[2], before[3])
        elif before is not None and before[1] == 0.0 and len(marks) == 1:
            marks[-1], words[-1] = (before[0] + size, seconds, begin, at), chunk.words
        else:
            marks.append((size, seconds, begin, at))
            words.append(chunk.words)
    return marks, words
