"""The native shapes of listening."""

from __future__ import annotations

import math

from pydantic import BaseModel, Field

from stts.engine_api import Segment, Word
from stts.transcription import TranscriptionResult


class WordShape(BaseModel):
    text: str
    start: float = Field(description="Seconds.")
    end: float = Field(description="Seconds.")
    probability: float | None = None

    @classmethod
    def of(cls, word: Word) -> WordShape:
        return cls(text=word.text, start=round(word.start, 3), end=round(word.end, 3), probability=word.probability)


class SegmentShape(BaseModel):
    text: str
    start: float = Field(description="Seconds.")
    end: float = Field(description="Seconds.")
    confidence: float | None = Field(None, description="0..1, where the engine tells.")
    words: list[WordShape] | None = Field(None, description="With word_timestamps.")

    @classmethod
    def of(cls, segment: Segment) -> SegmentShape:
        return cls(
            text=segment.text.strip(),
            start=round(segment.start, 3),
            end=round(segment.end, 3),
            confidence=confidence(segment),
            words=[WordShape.of(word) for word in segment.words] or None,
        )


class VerboseSegmentShape(SegmentShape):
    language: str | None = None
    tokens: list[int] = []
    temperature: float = 0.0
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None

    @classmethod
    def of(cls, segment: Segment) -> VerboseSegmentShape:
        return cls(
            **SegmentShape.of(segment).model_dump(),
            language=segment.language,
            tokens=list(segment.tokens),
            temperature=segment.temperature,
            avg_logprob=segment.avg_logprob,
            compression_ratio=segment.compression_ratio,
            no_speech_prob=segment.no_speech_prob,
        )


class Transcript(BaseModel):
    text: str
    language: str | None = Field(None, description="BCP 47, where known.")
    duration: float = Field(description="Seconds of audio decoded.")
    segments: list[SegmentShape]
    warnings: list[str] = Field([], description="What was skipped, and why.")

    @classmethod
    def of(cls, result: TranscriptionResult) -> Transcript:
        return cls(
            text=result.text,
            language=result.language,
            duration=round(result.duration, 3),
            segments=[SegmentShape.of(segment) for segment in result.segments],
            warnings=list(result.warnings),
        )


class VerboseTranscript(BaseModel):
    text: str
    language: str | None
    duration: float
    segments: list[VerboseSegmentShape]
    warnings: list[str]

    @classmethod
    def of(cls, result: TranscriptionResult) -> VerboseTranscript:
        segments = [VerboseSegmentShape.of(segment) for segment in result.segments]
        return cls(**Transcript.of(result).model_dump(exclude={"segments"}), segments=segments)


def confidence(segment: Segment) -> float | None:
    """The mean probability of a token or word, where the engine tells."""
    if segment.avg_logprob is not None:
        return round(min(1.0, math.exp(segment.avg_logprob)), 4)
    known = [word.probability for word in segment.words if word.probability is not None]
    return round(sum(known) / len(known), 4) if known else None
