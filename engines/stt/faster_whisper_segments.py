"""Segments of a transcript with their times, from the words that a Whisper model heard in a region."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engines.log_mel import HOP
from engines.stt.faster_whisper_decoder import Attempt, Decoder
from engines.stt.faster_whisper_region import Heard
from engines.stt.faster_whisper_vocabulary import TokenWord, Vocabulary
from engines.stt.whisper_languages import language_tag
from stts.engine_api import STT_SAMPLE_RATE, Segment, Token, Word
from stts.transcription import LEAST_PROBABILITY

SECONDS_PER_STEP = 2 * HOP / STT_SAMPLE_RATE
"""Time between two places of the encoder's output."""
SPLIT_SECONDS = 8.0
"""Longer regions are divided at the ends of sentences."""
SENTENCE_SECONDS = 1.0
"""A sentence is no shorter: `Dr.` is none."""
LONG_WORD, LONG_WORD_SECONDS = 2.0, 0.5
"""A word lasts at most so many times as long as the others, or so many seconds."""
ENDS = tuple(".?!…。？！")
OPENING = frozenset("\"'“¿([{-«„")
CLOSING = frozenset("\"'.。,，!！?？:：”)]}、»…")


@dataclass(frozen=True, slots=True)
class TimedWord:
    word: Word
    tokens: tuple[int, ...]
    likely: tuple[float, ...] = ()
    """Probability of each token."""


def segments_of(decoder: Decoder, region: Heard, attempt: Attempt | None) -> Iterator[Segment]:
    """The segments of a region: its sentences where it is long or word times are wanted, else one."""
    if attempt is None:
        return
    vocabulary, word_times = decoder.vocabulary, region.word_times
    long = region.sound.end - region.sound.start > SPLIT_SECONDS and not region.interim
    several = any(end in attempt.text[:-1] for end in ENDS)
    cut = word_times or (long and several)
    timed = align(decoder, region, attempt) if cut or region.logprobs else []
    if not timed or not cut:
        likely = _likely(vocabulary, timed)
        yield _segment(attempt, attempt.text, region.sound.start, region.sound.end, attempt.tokens, (), likely)
        return
    for sentence in sentences(timed):
        words = tuple(each.word for each in sentence)
        tokens = [token for each in sentence for token in each.tokens]
        text = vocabulary.text(tokens).strip()
        likely = _likely(vocabulary, sentence) if region.logprobs else ()
        yield _segment(attempt, text, words[0].start, words[-1].end, tokens, words if word_times else (), likely)


def _likely(vocabulary: Vocabulary, words: Sequence[TimedWord]) -> tuple[Token, ...]:
    """The tokens of the words, with the probabilities of the model's own words, given all before them."""
    found = [
        (token, probability) for each in words for token, probability in zip(each.tokens, each.likely, strict=True)
    ]
    return tuple(
        Token(vocabulary.text([token]), math.log(max(probability, LEAST_PROBABILITY)), vocabulary.piece(token))
        for token, probability in found
    )


def align(decoder: Decoder, region: Heard, attempt: Attempt) -> list[TimedWord]:
    """The words with their times, from the decoder's attention; none where nothing can be aligned."""
    vocabulary = decoder.vocabulary
    written = "en" if region.task == "translate" else attempt.language
    words = joined_marks(vocabulary.words(attempt.tokens, written))
    if not words:
        return []
    # Probabilities are those of the words behind the same prompt; times are surer without one.
    prompt = region.prompt if region.logprobs else ()
    begin = [*prompt, *vocabulary.begin(attempt.language, region.task)]
    frames = min(attempt.columns, len(region.samples) // HOP)
    (result,) = decoder.model.align(attempt.encoded, begin, [attempt.tokens], frames)
    pairs = np.array(result.alignments)
    if not len(pairs):
        return []
    # The place at which each token begins, and where the last ends.
    jumps = np.concatenate(([True], np.diff(pairs[:, 0]) > 0))
    times = np.append(pairs[jumps, 1], pairs[-1, 1]) * SECONDS_PER_STEP
    return list(_timed(words, attempt, times, result.text_token_probs, region))


def _timed(
    words: Sequence[TokenWord], attempt: Attempt, times: np.ndarray[Any, Any], likely: Sequence[float], region: Heard
) -> Iterator[TimedWord]:
    ends = np.cumsum([word.tokens for word in words])
    last = len(times) - 1
    durations = np.diff(times[np.minimum(np.concatenate(([0], ends)), last)])
    longest = max(LONG_WORD * float(np.median(durations)), LONG_WORD_SECONDS)
    for end, word in zip(ends, words, strict=True):
        begin = end - word.tokens
        until = float(np.clip(times[min(end, last)], region.sound.start, region.sound.end))
        since = float(np.clip(times[min(begin, last)], region.sound.start, until))
        # The pause before a sentence is counted to its first word.
        since = max(since, until - longest)
        if text := word.text.strip():
            probability = float(np.clip(np.mean(likely[begin:end] or [0.0]), 0.0, 1.0))
            of_word = tuple(float(np.clip(each, 0.0, 1.0)) for each in likely[begin:end])
            yield TimedWord(Word(text, since, until, probability), tuple(attempt.tokens[begin:end]), of_word)


def joined_marks(words: Sequence[TokenWord]) -> list[TokenWord]:
    """The words with the marks that belong to them: a bracket before, a comma behind."""
    joined: list[TokenWord] = []
    opening: TokenWord | None = None
    for word in words:
        if opening is not None:
            word, opening = TokenWord(opening.text + word.text, opening.tokens + word.tokens), None
        mark = word.text.strip()
        if mark in OPENING and word.text.startswith(" "):
            opening = word
        elif joined and mark and not word.text.startswith(" ") and all(each in CLOSING for each in mark):
            joined[-1] = TokenWord(joined[-1].text + word.text, joined[-1].tokens + word.tokens)
        else:
            joined.append(word)
    return joined if opening is None else [*joined, opening]


def sentences(words: Sequence[TimedWord]) -> Iterator[list[TimedWord]]:
    """The words of each sentence."""
    sentence: list[TimedWord] = []
    for each in words:
        sentence.append(each)
        if (
            each.word.text.rstrip("\"'”)»").endswith(ENDS)
            and each.word.end - sentence[0].word.start >= SENTENCE_SECONDS
        ):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _segment(
    attempt: Attempt,
    text: str,
    start: float,
    end: float,
    tokens: Sequence[int],
    words: tuple[Word, ...],
    likely: tuple[Token, ...],
) -> Segment:
    return Segment(
        text=text,
        start=start,
        end=end,
        words=words,
        language="en" if attempt.language is None else language_tag(attempt.language),
        tokens=tuple(tokens),
        temperature=attempt.temperature,
        avg_logprob=attempt.avg_logprob,
        compression_ratio=attempt.compression_ratio,
        no_speech_prob=attempt.no_speech_prob,
        likely=likely,
    )
