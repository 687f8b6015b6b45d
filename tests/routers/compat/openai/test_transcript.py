from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from routers.compat.openai.transcript import TokenCount, logprobs_of, whole_transcript
from stts.text.cues import CueRules
from stts.transcription import (
    Segment,
    Token,
    TranscriptFormat,
    TranscriptionResult,
    Word,
)

TOLD = Segment(
    " Well told. ", 1.234, 2.5, (Word(" Well", 1.234, 1.8, 0.5), Word(" told.", 1.8, 2.5, 0.5)), "en",
    (1, 2), 0.2, -0.3, 1.1, 0.01,
)  # fmt: skip
BARE = Segment("Bare.", 3.0, 4.0)


def body(
    *segments: Segment,
    format: TranscriptFormat = "verbose_json",
    asked: bool = False,
    tokens: TokenCount | None = None,
    **fields: Any,
) -> dict[str, Any]:
    result = TranscriptionResult(" ".join(each.text.strip() for each in segments), 4.2, "en", segments, **fields)
    made = whole_transcript(
        result, format, "transcribe", ("word", "segment"), CueRules(), tokens=tokens, logprobs=asked
    )
    answer: dict[str, Any] = json.loads(bytes(asyncio.run(made).body))
    return answer


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


TOLD_TOKENS = (Token(" Well", -0.1, b" Well"), Token(" told.", -0.2, b" told."))
LIKELY = replace(TOLD, likely=TOLD_TOKENS)


def test_joined_tokens_are_the_text() -> None:
    following = replace(BARE, likely=(Token(" Bare.", -3.0, b" Bare."),))
    told = logprobs_of([LIKELY, following])
    assert "".join(each["token"] for each in told) == "Well told. Bare."
    assert told[0] == {"token": "Well", "logprob": -0.1, "bytes": list(b"Well")}
    assert logprobs_of([following], begun=True)[0]["bytes"] == list(b" Bare.")


def test_log_probabilities_only_where_they_were_asked_for() -> None:
    assert "logprobs" not in body(LIKELY, format="json") and "logprobs" not in body(LIKELY)
    for format in ("json", "verbose_json"):
        assert len(body(LIKELY, format=format, asked=True)["logprobs"]) == 2


def test_usage_in_tokens_where_a_client_counts_in_them() -> None:
    assert body(TOLD, format="json")["usage"]["type"] == "duration"
    counted = body(TOLD, format="json", tokens=lambda seconds, text: {"type": "tokens", "of": [seconds, text]})
    assert counted["usage"] == {"type": "tokens", "of": [4.2, "Well told."]}
