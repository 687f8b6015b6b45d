from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.compat.openai.transcript_stream import StreamWishes, transcript_events
from stts.text.cues import CueRules, cues
from stts.text.subtitles import srt, vtt
from stts.transcription import (
    Segment,
    Token,
    TranscriptDone,
    TranscriptEvent,
    TranscriptSegment,
    TranscriptWarning,
)

SPOKEN = [
    Segment("It rains, and nobody has brought anything against it.", 0.0, 3.4, language="en"),
    Segment("So what?", 3.9, 4.3, language="en"),
    Segment("We walk on through the fields until we come to the village where he lives.", 6.0, 11.0, language="en"),
]


async def streamed(*items: TranscriptEvent, wishes: StreamWishes | None = None) -> list[dict[str, Any]]:
    async def events() -> AsyncGenerator[TranscriptEvent, None]:
        for item in items:
            yield item

    return [
        json.loads(each.removeprefix("data: "))
        async for each in transcript_events(events(), wishes or StreamWishes(), ["otherwise"])
    ]


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


@pytest.mark.parametrize("format", ["srt", "vtt"])
@pytest.mark.parametrize("count", [0, 1, 3])
async def test_subtitles_come_cue_by_cue(format: Any, count: int) -> None:
    segments = SPOKEN[:count]
    items: list[TranscriptEvent] = [*map(TranscriptSegment, segments), TranscriptDone(12.0, "en")]
    *deltas, done = await streamed(*items, wishes=StreamWishes(format))
    whole = cues(segments, CueRules(), 12.0)
    assert done["text"] == (srt(whole) if format == "srt" else vtt(whole))
    assert "".join(each["delta"] for each in deltas) == done["text"]
    assert len(deltas) >= len(whole)


async def test_verbose_json_tells_its_detail_at_the_end() -> None:
    items: list[TranscriptEvent] = [*map(TranscriptSegment, SPOKEN), TranscriptDone(12.0, "en")]
    *deltas, done = await streamed(*items, wishes=StreamWishes("verbose_json"))
    assert [each["type"] for each in deltas] == ["transcript.text.delta"] * 3
    assert done["type"] == "transcript.text.done" and done["usage"]["type"] == "tokens"
    assert (done["language"], done["duration"], len(done["segments"])) == ("english", 12.0, 3)


async def test_log_probabilities_come_with_their_delta_and_all_at_the_end() -> None:
    one = Segment("One", 0.0, 1.0, language="en", likely=(Token(" One", -0.5, b" One"),))
    two = Segment("two", 1.0, 2.0, language="en", likely=(Token(" two", -0.7, b" two"),))
    items: list[TranscriptEvent] = [TranscriptSegment(one), TranscriptSegment(two), TranscriptDone(2.0, "en")]
    first, second, done = await streamed(*items, wishes=StreamWishes(logprobs=True))
    assert done["logprobs"] == [*first["logprobs"], *second["logprobs"]]
    assert [each["token"] for each in done["logprobs"]] == ["One", " two"]
    assert all("logprobs" not in each for each in await streamed(*items))


async def test_the_prompt_counts_in_the_usage() -> None:
    items: list[TranscriptEvent] = [TranscriptSegment(SPOKEN[0]), TranscriptDone(3.4, "en")]
    text = [
        (await streamed(*items, wishes=StreamWishes(prompt=prompt)))[-1]["usage"]["input_token_details"]["text_tokens"]
        for prompt in ("", "A walk in the rain.")
    ]
    assert text[0] == 0 < text[1]
