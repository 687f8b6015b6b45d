"""Answers as entries: chunks come back with their texts, and a user's voice stays that user's."""

from __future__ import annotations

from dataclasses import replace

from stts.cache.answers import MOST_CHUNK_BYTES, MOST_WORDS, chunks_of, entry_of, key_of
from stts.engine_api import SpeechParams, Voice
from stts.plans import SpeechPlan
from stts.speech import AudioChunk, AudioOutput, SynthesisConfig
from stts.spoken_words import SpokenWord

PLAN = SpeechPlan(
    SynthesisConfig(), "tone", Voice("low"), SpeechParams("en"), 16_000, AudioOutput("wav", "audio/wav", 16_000, 1)
)
ANNA, BERT = "0123456789abcdef", "0123456789abcde0"
TEXT = "Hello there. Hello you."
CHUNKS = [AudioChunk(b"head", 0.0), AudioChunk(b"abcd", 1.5, "Hello there."), AudioChunk(b"efg", 0.5, "Hello you.")]


def test_chunks_come_back_and_the_header_is_that_of_the_whole_file() -> None:
    entry = entry_of(PLAN, TEXT, [*CHUNKS, AudioChunk(b"", 0.0, header=b"HEAD")], '"e"', 1.0, 2.0)
    assert entry is not None and entry.data == b"HEADabcdefg"
    assert TEXT.encode() not in repr(entry).encode() and "Hello" not in repr(entry)
    found = [(chunk.data, chunk.seconds, chunk.text) for chunk in chunks_of(entry, TEXT)]
    assert found == [(b"HEADabcd", 1.5, "Hello there."), (b"efg", 0.5, "Hello you.")]


def test_what_was_made_of_one_piece_of_text_comes_in_few_chunks() -> None:
    parts = [AudioChunk(bytes(MOST_CHUNK_BYTES // 4), 1.0) for _ in range(9)]
    entry = entry_of(PLAN, TEXT, [*CHUNKS[:2], *parts, CHUNKS[2], *parts[:1]], '"e"', 1.0, 2.0)
    assert entry is not None
    found = [(len(chunk.data), chunk.seconds, chunk.text) for chunk in chunks_of(entry, TEXT)]
    quarter = MOST_CHUNK_BYTES // 4
    whole = (4 * quarter, 4.0, "")
    assert found == [
        (8 + 3 * quarter, 4.5, "Hello there."),
        whole,
        (2 * quarter, 2.0, ""),
        (3 + quarter, 1.5, "Hello you."),
    ]


def test_a_chunk_with_another_text_is_not_kept() -> None:
    assert entry_of(PLAN, "Goodbye.", CHUNKS, '"e"', 1.0, 2.0) is None


def test_the_same_recording_of_two_users_is_two_voices() -> None:
    plans = [replace(PLAN, voice=Voice("anna.wav", digest="ab12"), owner=owner) for owner in (None, ANNA, BERT)]
    assert len({key_of(plan, TEXT) for plan in plans}) == 3
    entry = entry_of(plans[1], TEXT, CHUNKS, '"e"', 1.0, 2.0)
    assert entry is not None and entry.owner == ANNA and entry.voices == ("anna.wav", "ab12")


def test_words_come_back_with_their_times_after_the_beginning_of_their_chunk() -> None:
    one, two = SpokenWord(0, 5, 0.1, 0.4), SpokenWord(6, 6, 0.25, 0.5)
    chunks = [CHUNKS[0], replace(CHUNKS[1], words=(one,)), AudioChunk(b"ij", 1.0, words=(two,)), CHUNKS[2]]
    entry = entry_of(PLAN, TEXT, chunks, '"e"', 1.0, 2.0)
    assert entry is not None
    assert [chunk.words for chunk in chunks_of(entry, TEXT)] == [(one, two.moved(seconds=1.5)), ()]


def test_the_words_of_a_whole_book_are_not_kept() -> None:
    words = (SpokenWord(0, 5, 0.1, 0.4),) * (MOST_WORDS + 1)
    entry = entry_of(PLAN, TEXT, [replace(CHUNKS[1], words=words)], '"e"', 1.0, 2.0)
    assert entry is not None and not any(chunk.words for chunk in chunks_of(entry, TEXT))
