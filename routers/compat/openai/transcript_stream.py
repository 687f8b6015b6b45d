"""Transcripts as server-sent events, in every format: whoever asks for a stream gets one.

The deltas joined are the text of the last event: in json and verbose_json the words, in srt and vtt the subtitles. What
verbose_json knows beside the text is in the last event.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from routers.compat.openai.transcript import languages_of, logprobs_of, verbose, warned
from routers.http.sse import event
from routers.http.usage import transcript_usage
from stts.text.cues import Cue, CueRules, CueWriter
from stts.text.subtitles import cue_srt, cue_vtt
from stts.text.transcript import separator
from stts.transcription import (
    Segment,
    TranscriptDone,
    TranscriptEvent,
    TranscriptFormat,
    TranscriptionResult,
    TranscriptSegment,
    TranscriptWarning,
)


@dataclass(frozen=True, slots=True)
class StreamWishes:
    """Says what of a transcript is told, and how."""

    format: TranscriptFormat = "json"
    rules: CueRules = CueRules()  # noqa: RUF009 - a frozen value
    granularities: Collection[str] = ()
    logprobs: bool = False
    prompt: str = ""
    """Counts in the usage."""


class Deltas(Protocol):
    """Writes one format, piece by piece."""

    def push(self, segment: Segment) -> Iterator[str]: ...

    def finish(self, duration: float) -> Iterator[str]: ...


class _Words:
    def __init__(self) -> None:
        self._begun = False

    def push(self, segment: Segment) -> Iterator[str]:
        if spoken := segment.text.strip():
            yield separator(segment.language) + spoken if self._begun else spoken
            self._begun = True

    def finish(self, duration: float) -> Iterator[str]:
        yield from ()


class _Subtitles:
    def __init__(self, rules: CueRules, begin: str, written: Callable[[Cue, int], str]) -> None:
        """`begin`: what stands before all cues."""
        self._cues = CueWriter(rules)
        self._begin = begin
        self._written = written
        self._count = 0

    def push(self, segment: Segment) -> Iterator[str]:
        yield from map(self._text, self._cues.push(segment))

    def finish(self, duration: float) -> Iterator[str]:
        yield from map(self._text, self._cues.finish(duration))
        if not self._count and self._begin:
            yield self._begin

    def _text(self, cue: Cue) -> str:
        self._count += 1
        return (self._begin if self._count == 1 else "\n") + self._written(cue, self._count)


def _deltas(wishes: StreamWishes) -> Deltas:
    match wishes.format:
        case "srt":
            return _Subtitles(wishes.rules, "", cue_srt)
        case "vtt":
            return _Subtitles(wishes.rules, "WEBVTT\n\n", lambda cue, _: cue_vtt(cue))
        case _:
            return _Words()


async def transcript_events(
    events: AsyncGenerator[TranscriptEvent, None], wishes: StreamWishes, known: Sequence[str] = ()
) -> AsyncGenerator[str, None]:
    """`known`: warnings given before."""
    deltas, kept = _deltas(wishes), _Kept(wishes)
    text = ""
    async with aclosing(events):
        async for item in events:
            match item:
                case TranscriptSegment(segment):
                    likely = kept.segment(segment)
                    for delta in deltas.push(segment):
                        text += delta
                        yield event({"type": "transcript.text.delta", "delta": delta, **likely})
                case TranscriptWarning(message):
                    kept.warnings.append(message)
                case TranscriptDone(duration, language):
                    for delta in deltas.finish(duration):
                        text += delta
                        yield event({"type": "transcript.text.delta", "delta": delta})
                    done = {"type": "transcript.text.done", "text": text, "languages": languages_of(language)}
                    usage = {"usage": transcript_usage(duration, wishes.prompt, text)}
                    yield event(
                        {
                            **kept.detail(text, item),
                            **done,
                            **kept.logprobs(),
                            **usage,
                            **warned([*known, *kept.warnings]),
                        }
                    )


class _Kept:
    """Keeps what the last event tells again, or for the first time."""

    def __init__(self, wishes: StreamWishes) -> None:
        self._wishes = wishes
        self._segments: list[Segment] = []
        self._likely: list[dict[str, Any]] = []
        self.warnings: list[str] = []

    def segment(self, segment: Segment) -> dict[str, Any]:
        """The log probabilities of its tokens, where they are wanted and known."""
        if self._wishes.format == "verbose_json":
            self._segments.append(segment)
        if not self._wishes.logprobs or not segment.likely:
            return {}
        likely = logprobs_of([segment], begun=bool(self._likely))
        self._likely += likely
        return {"logprobs": likely}

    def logprobs(self) -> dict[str, Any]:
        return {"logprobs": self._likely} if self._likely else {}

    def detail(self, text: str, done: TranscriptDone) -> dict[str, Any]:
        """The detail that verbose_json knows beside the text."""
        if self._wishes.format != "verbose_json":
            return {}
        result = TranscriptionResult(text, done.duration, done.language, tuple(self._segments))
        return verbose(result, "transcribe", self._wishes.granularities)
