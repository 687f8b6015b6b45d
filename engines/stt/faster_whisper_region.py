"""A region of speech that a Whisper model is to transcribe, and the thresholds by which its words are judged. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from engines.stt.faster_whisper_window import Sound
from stts.engine_api import STT_SAMPLE_RATE, Samples, Task

TOKENS_PER_SECOND, TOKENS_BESIDE = 16, 16
MOST_TOKENS = 224
"""Longest transcript that Whisper was taught."""


@dataclass(frozen=True, slots=True)
class Guards:
    """Thresholds by which words are taken for wrong."""

    temperature: float = 0.0
    compression_ratio: float = 2.4
    logprob: float = -1.0
    no_speech: float = 0.6
    beam_size: int = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """A region to be transcribed."""

    samples: Samples
    sound: Sound
    prompt: tuple[int, ...]
    """Tokens of the text before it."""
    language: str | None
    """Whisper's code; None: detect it, or the model's only one."""
    task: Task
    guards: Guards
    languages: frozenset[str] = frozenset()
    """Whisper's codes of those among which the language is detected; none: all."""
    likely: str | None = None
    """Whisper's code of the language that is meant unless another is clear."""
    word_times: bool = False
    logprobs: bool = False
    interim: bool = False
    """Only a guess is wanted: one try."""
    whole_window: bool = False
    """The short window is not tried: its words were wrong."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / STT_SAMPLE_RATE

    @property
    def longest(self) -> int:
        """Tokens of its longest transcript."""
        return min(MOST_TOKENS, TOKENS_BESIDE + round(TOKENS_PER_SECOND * self.sound.seconds))
