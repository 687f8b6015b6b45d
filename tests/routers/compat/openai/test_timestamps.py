from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import numpy as np
import pytest

from adapters.detection.speech_detector import Speech, joined
from stts.engine_api import Samples
from tests.audio import decoded, encoded, speech, tone

PATH = "/v1/audio/speech/timestamps"


def with_pauses() -> tuple[bytes, float]:
    """The same words twice, two seconds apart, after one second; and their length."""
    words, rate = decoded(speech("weather.flac"))
    silence: Samples = np.zeros(2 * rate, np.float32)
    return encoded(np.concatenate([silence[:rate], words, silence, words]), "flac", rate), len(words) / rate


async def ask(client: httpx.AsyncClient, data: bytes, **fields: str) -> list[dict[str, int]]:
    answer = await client.post(PATH, files={"file": ("a", data)}, data=fields)
    assert answer.status_code == 200, answer.text
    regions: list[dict[str, int]] = answer.json()
    assert all(0 <= each["start"] < each["end"] for each in regions)
    assert all(one["end"] <= other["start"] for one, other in pairwise(regions))
    return regions


async def test_speech_is_found_where_it_is(client: httpx.AsyncClient) -> None:
    data, seconds = with_pauses()
    regions = await ask(client, data)
    assert len(regions) == 2
    assert 800 <= regions[0]["start"] <= 1500 and regions[0]["end"] <= 1000 * (1 + seconds + 0.3)
    assert regions[1]["start"] - regions[0]["start"] == pytest.approx(1000 * (seconds + 2), abs=150)


async def test_the_rules_may_be_given(client: httpx.AsyncClient) -> None:
    data, _ = with_pauses()
    assert len(await ask(client, data, min_silence_duration_ms="5000")) == 1
    assert await ask(client, data, min_speech_duration_ms="60000") == []
    bare, padded = await ask(client, data), await ask(client, data, speech_pad_ms="500")
    assert padded[0]["start"] < bare[0]["start"] - 300 and padded[0]["end"] > bare[0]["end"] + 300
    short = await ask(client, data, max_speech_duration_s="1")
    assert len(short) > 2 and all(each["end"] - each["start"] <= 1050 for each in short)


async def test_speech_longer_than_what_is_held_is_one_region(client: httpx.AsyncClient) -> None:
    words, rate = decoded(speech("weather.flac"))
    data = encoded(np.tile(words, 12), "flac", rate)
    seconds = 12 * len(words) / rate
    assert seconds > 35
    regions = await ask(client, data, min_silence_duration_ms="5000")
    assert len(regions) == 1 and regions[0]["end"] > 1000 * (seconds - 2)


async def test_where_nobody_speaks_there_is_nothing(client: httpx.AsyncClient) -> None:
    assert await ask(client, encoded(np.zeros(32_000, np.float32))) == []
    assert await ask(client, encoded(tone(2.0)), min_speech_duration_ms="250") == []


@pytest.mark.parametrize(
    ("files", "fields", "param"),
    [
        ({}, {}, "file"),
        ({"file": ("a", b"nothing")}, {}, "file"),
        ({"file": ("a", b"")}, {"threshold": "2"}, "threshold"),
        ({"file": ("a", b"")}, {"speech_pad_ms": "-1"}, "speech_pad_ms"),
    ],
)
async def test_what_is_wrong_is_named(
    client: httpx.AsyncClient, files: dict[str, tuple[str, bytes]], fields: dict[str, str], param: str
) -> None:
    answer = await client.post(PATH, files=files or None, data=fields or {"model": "x"})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == param, answer.text


async def test_what_was_skipped_is_told_in_a_header(client: httpx.AsyncClient) -> None:
    data = encoded(decoded(speech("weather.flac"))[0], "wav")
    answer = await client.post(PATH, files={"file": ("a.wav", data[: len(data) // 2])})
    assert "cut off" in answer.headers["x-warnings"]
    assert "x-warnings" not in (await client.post(PATH, files={"file": ("a.wav", data)})).headers


async def test_it_is_counted_as_any_other_operation(client: httpx.AsyncClient) -> None:
    await ask(client, with_pauses()[0])
    metrics = (await client.get("/metrics")).text
    assert 'type="stt"' in metrics


async def test_regions_without_a_gap_are_one_up_to_the_longest() -> None:
    async def found() -> AsyncIterator[Speech]:
        for start, end in ((0.0, 30.0), (30.0, 60.0), (60.0, 70.0), (80.0, 90.0)):
            yield Speech(start, end)

    assert [each async for each in joined(found(), 65.0)] == [Speech(0.0, 60.0), Speech(60.0, 70.0), Speech(80.0, 90.0)]  # type: ignore[arg-type]
