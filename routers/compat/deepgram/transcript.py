"""Whole transcripts in Deepgram's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from routers.compat.deepgram.words import told
from stts.transcription import Segment, TranscriptionResult

PARAGRAPH_SECONDS = 1.5
"""Seconds of silence between two paragraphs."""


def results(
    heard: Sequence[TranscriptionResult], *, formatted: bool, detected: bool, utterances: bool, paragraphs: bool
) -> dict[str, Any]:
    """`heard`: the channels that were listened to. `detected`: the language was to be found. Takes long for hours."""
    channels = []
    for result in heard:
        alternative = told(result.segments, formatted=formatted, span=(0.0, result.duration)).alternative()
        if paragraphs:
            alternative["paragraphs"] = _paragraphs(result.segments, result.duration, formatted=formatted)
        channel: dict[str, Any] = {"alternatives": [alternative]}
        if detected and result.language is not None:
            channel["detected_language"] = result.language
        channels.append(channel)
    found: dict[str, Any] = {"channels": channels}
    if utterances:
        said = [
            _utterance(segment, index, result.duration, formatted=formatted)
            for index, result in enumerate(heard)
            for segment in result.segments
        ]
        found["utterances"] = sorted(said, key=lambda each: float(each["start"]))
    return found


def _utterance(segment: Segment, channel: int, end: float, *, formatted: bool) -> dict[str, Any]:
    """One segment as an utterance."""
    said = told([segment], formatted=formatted, span=(0.0, end))
    return {
        "start": round(min(segment.start, end), 3),
        "end": round(min(segment.end, end), 3),
        "confidence": said.confidence,
        "channel": channel,
        "transcript": said.text,
        "words": list(said.words),
        "id": str(uuid4()),
    }


def _paragraphs(segments: Sequence[Segment], end: float, *, formatted: bool) -> dict[str, Any]:
    """The segments as sentences, and those between two long pauses as a paragraph."""
    groups: list[list[Segment]] = []
    for segment in segments:
        if groups and segment.start - groups[-1][-1].end < PARAGRAPH_SECONDS:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    texts = [told(group, formatted=formatted).text for group in groups]
    return {
        "transcript": "".join(f"\n{text}\n" for text in texts).rstrip("\n"),
        "paragraphs": [_paragraph(group, end, formatted=formatted) for group in groups],
    }


def _paragraph(group: Sequence[Segment], end: float, *, formatted: bool) -> dict[str, Any]:
    sentences = [
        {
            "text": told([segment], formatted=formatted).text,
            "start": round(min(segment.start, end), 3),
            "end": round(min(segment.end, end), 3),
        }
        for segment in group
    ]
    return {
        "sentences": sentences,
        "num_words": len(told(group, formatted=formatted).words),
        "start": sentences[0]["start"],
        "end": sentences[-1]["end"],
    }
