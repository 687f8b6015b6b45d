from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.compat.openai.transcript import transcript_events, whole_transcript
from stts.text.cues import CueRules
from stts.transcription import (
    Segment,
    TranscriptDone,
    TranscriptEvent,
    TranscriptFormat,
    TranscriptionResult,
    TranscriptSegment,
    TranscriptWarning,
    Word,
)

TOLD = Segment(
    " Well told. ", 1.234, 2.5, (Word(" Well", 1.234, 1.8, 0.5), Word(" told.", 1.8, 2.5, 0.5)), "en",
    (1, 2), 0.2, -0.3, 1.1, 0.01,
)  # fmt: skip
BARE = Segment("Bare.", 3.0, 4.0)


def body(*segments: Segment, format: TranscriptFormat = "verbose_json", **fields: Any) -> dict[str, Any]:
    result = TranscriptionResult(" ".join(each.text.strip() for each in segments), 4.2, "en", segments, **fields)
    made = whole_transcript(result, format, "transcribe", ("word", "segment"), CueRules())
    answer: dict[str, Any] = json.loads(bytes(asyncio.run(made).body))
    return answer


async def streamed(*items: TranscriptEvent) -> list[dict[str, Any]]:
    async def events() -> AsyncGenerator[TranscriptEvent, None]:
        for item in items:
            yield item

    return [json.loads(each.removeprefix("data: ")) async for each in transcript_events(events(), "", ["otherwise"])]


def test_a_segment_says_what_the_engine_told() -> None:
    assert body(TOLD)["segments"] == [
        {
            "id": 0,
            "seek": 123,
            "start": 1.234,
            "end": 2.5,
            "text": "Well told.",
            "tokens": [1, 2],
            "temperature": 0.2,
            "avg_logprob": -0.3,
            "compression_ratio": 1.1,
            "no_speech_prob": 0.01,
        }
    ]


def test_what_an_engine_does_not_tell_lets_filters_pass() -> None:
    segment = body(BARE)["segments"][0]
    assert segment["avg_logprob"] > -1.0
    assert segment["no_speech_prob"] < 0.6
    assert segment["compression_ratio"] < 2.4


def test_repetition_shows_in_the_compression_ratio() -> None:
    stuck = Segment("again and " * 40, 0.0, 4.0)
    assert body(stuck)["segments"][0]["compression_ratio"] > 2.4


def test_word_probabilities_stand_in_for_tokens() -> None:
    words = Segment("a b", 0.0, 1.0, (Word("a", 0.0, 0.5, 1.0), Word("b", 0.5, 1.0, 0.0)))
    assert -11 < body(words)["segments"][0]["avg_logprob"] < -10


def test_warnings_are_told_where_there_are_any() -> None:
    assert "warnings" not in body(TOLD)
    for format in ("json", "verbose_json"):
        assert body(TOLD, warnings=("2 s were lost",), format=format)["warnings"] == ["2 s were lost"]


@pytest.mark.parametrize(("language", "text"), [("en", "eins zwei"), ("ja", "einszwei"), (None, "eins zwei")])
async def test_deltas_have_the_spaces_of_their_language(language: str | None, text: str) -> None:
    segments = [TranscriptSegment(Segment(each, 0.0, 1.0, language=language)) for each in (" eins ", " ", "zwei")]
    *deltas, done = await streamed(*segments, TranscriptDone(2.0, language))
    assert "".join(each["delta"] for each in deltas) == done["text"] == text
    assert done["languages"] == ([{"code": language}] if language else [])


@given(st.lists(st.text(max_size=20), max_size=6))
async def test_joined_deltas_are_the_text(texts: list[str]) -> None:
    *deltas, done = await streamed(
        *(TranscriptSegment(Segment(text, 0.0, 1.0)) for text in texts),
        TranscriptWarning("something"),
        TranscriptDone(1.0, None),
    )
    assert "".join(each["delta"] for each in deltas) == done["text"]
    assert done["text"] == " ".join(text.strip() for text in texts if text.strip())
    assert done["warnings"] == ["otherwise", "something"]
