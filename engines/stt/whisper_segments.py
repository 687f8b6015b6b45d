"""Segments of a transcript out of what the `openai-whisper` package tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stts.engine_api import ListenParams, Segment, Word, word_tokens


def segment_of(segment: Mapping[str, Any], language: str, duration: float, params: ListenParams) -> Segment:
    """Times are held within the audio: Whisper works on 30 s and may place an end behind it.

    The library tells how likely words are, not tokens.
    """
    words = _words(segment, duration)
    return Segment(
        text=segment["text"].strip(),
        start=min(float(segment["start"]), duration),
        end=min(float(segment["end"]), duration),
        words=words if params.word_timestamps else (),
        likely=word_tokens(words, "en" if params.task == "translate" else language) if params.logprobs else (),
        language=language,
        tokens=tuple(int(token) for token in segment["tokens"]),
        temperature=float(segment["temperature"]),
        avg_logprob=float(segment["avg_logprob"]),
        compression_ratio=float(segment["compression_ratio"]),
        no_speech_prob=float(segment["no_speech_prob"]),
    )


def _words(segment: Mapping[str, Any], duration: float) -> tuple[Word, ...]:
    return tuple(
        Word(
            word["word"].strip(),
            min(float(word["start"]), duration),
            min(float(word["end"]), duration),
            float(word["probability"]),
        )
        for word in segment.get("words", ())
    )
