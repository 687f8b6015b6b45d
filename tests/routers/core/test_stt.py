from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest

from tests.audio import decoded, encoded, speech, tone


async def listen(client: httpx.AsyncClient, data: bytes, field: str = "file", **fields: Any) -> httpx.Response:
    return await client.post("/stt", files={field: ("upload.bin", data)}, data=fields)


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


@pytest.mark.parametrize("field", ["file", "audio_file"])
async def test_speech_comes_back_as_words_with_times(client: httpx.AsyncClient, field: str) -> None:
    answer = await listen(client, speech(), field, word_timestamps="true")
    body = answer.json()
    assert answer.status_code == 200
    assert body["text"].startswith("word0 word1")
    assert body["duration"] > body["segments"][0]["words"][1]["start"] > 0.9
    assert "engine;dur=" in answer.headers["server-timing"]


@pytest.mark.parametrize("data", [encoded(np.zeros(16_000 * 3, np.float32)), encoded(tone(3.0))])
async def test_silence_and_tones_have_no_words(client: httpx.AsyncClient, data: bytes) -> None:
    body = (await listen(client, data)).json()
    assert (body["text"], body["segments"]) == ("", [])
    assert body["duration"] == pytest.approx(3.0, abs=0.1)


async def test_regions_are_found_where_they_are(client: httpx.AsyncClient) -> None:
    quiet = np.zeros(16_000 * 5, np.float32)

    spoken, _ = decoded(speech())
    data = encoded(np.concatenate((quiet, spoken, quiet, spoken)))
    segments = (await listen(client, data)).json()["segments"]
    assert segments[0]["start"] == pytest.approx(5.0, abs=0.5)
    assert segments[-1]["end"] == pytest.approx(10.0 + 2 * len(spoken) / 16_000, abs=0.7)


@pytest.mark.parametrize("format", ["text", "srt", "vtt", "verbose_json"])
async def test_formats(client: httpx.AsyncClient, format: str) -> None:
    answer = await listen(client, speech(), format=format)
    plain = (await listen(client, speech())).json()["text"]
    assert answer.status_code == 200
    match format:
        case "text":
            assert answer.text == plain
        case "srt":
            assert answer.text.startswith("1\n00:00:00,")
        case "vtt":
            assert answer.text.startswith("WEBVTT\n\n00:00:00.") and answer.headers["content-type"].startswith(
                "text/vtt"
            )
        case "verbose_json":
            assert answer.json()["text"] == plain
            assert {"tokens", "avg_logprob", "no_speech_prob"} <= set(answer.json()["segments"][0])


async def test_events_come_one_by_one_and_end_with_the_text(client: httpx.AsyncClient) -> None:
    answer = await listen(client, speech(), stream="true")
    assert "queue;dur=" in answer.headers["server-timing"]
    got = events(answer)
    assert got[0]["type"] == "segment"
    assert got[-1]["type"] == "done"
    assert got[-1]["text"] == " ".join(event["text"] for event in got if event["type"] == "segment")


@pytest.mark.parametrize(
    "data", [b"", b"hello, this is no audio at all" * 50, bytes(range(256)) * 40, b"RIFF\xff\xff\xff\xffWAVEjunk"]
)
@pytest.mark.parametrize("stream", ["false", "true"])
async def test_what_does_not_decode_is_a_422(client: httpx.AsyncClient, data: bytes, stream: str) -> None:
    answer = await listen(client, data, stream=stream)
    assert (answer.status_code, answer.json()["code"]) == (422, "undecodable_audio")


async def test_a_file_damaged_half_way_is_transcribed_as_far_as_it_goes(client: httpx.AsyncClient) -> None:

    data = encoded(np.tile(decoded(speech())[0], 4), "flac")
    body = (await listen(client, data[: len(data) // 2])).json()
    assert body["text"].startswith("word0")
    assert body["warnings"]


async def test_a_long_recording_is_refused_while_it_is_decoded(client: httpx.AsyncClient) -> None:
    bomb = encoded(np.zeros(16_000 * 61, np.float32), "flac")
    assert len(bomb) < 200_000
    answer = await listen(client, bomb)
    assert (answer.status_code, answer.json()["code"]) == (413, "audio_too_long")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"engine": "nosuch"}, "unknown_engine"),
        ({"engine": "tone"}, "unknown_engine"),
        ({"language": "xx"}, "invalid_parameter"),
        ({"task": "sing"}, "invalid_request"),
        ({"format": "docx"}, "invalid_request"),
        ({"engine": "pocketsphinx", "task": "translate"}, "invalid_parameter"),
        ({"engine": "echo", "nosuch": "1"}, "invalid_parameter"),
        ({"prompt": "x" * 5000}, "invalid_request"),
        ({"stream": "perhaps"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_done_is_a_clear_422(client: httpx.AsyncClient, fields: dict[str, str], code: str) -> None:
    answer = await listen(client, speech(), **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_form_without_a_file_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/stt", data={"language": "en"})
    assert (answer.status_code, answer.json()["param"]) == (422, "file")
    assert (await client.post("/stt", json={"file": "x"})).status_code in (400, 422)


async def test_a_file_field_that_is_no_file_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/stt", data={"file": "not a file"})).status_code == 422


async def test_subtitles_are_cut_by_the_rules_of_the_request(client: httpx.AsyncClient) -> None:
    """The fake hears a word a second, and its word times are asked for without being told to."""
    data = encoded(np.tile(decoded(speech())[0], 3))
    whole = (await listen(client, data, format="srt")).text
    rules = {"max_line_width": "12", "max_line_count": "1", "max_cue_seconds": "3", "max_words_per_line": "1"}
    cut = (await listen(client, data, format="srt", **rules)).text
    assert cut.count(" --> ") > whole.count(" --> ") >= 2
    assert all(len(line.split()) == 1 for line in cut.splitlines() if line.startswith("word"))
    seconds = [line.split(" --> ")[0] for line in cut.splitlines() if " --> " in line]
    assert seconds == sorted(set(seconds))


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_line_width", "3"), ("max_line_count", "0"), ("max_cue_seconds", "x"), ("max_words_per_line", "-1")],
)
async def test_rules_of_subtitles_have_bounds(client: httpx.AsyncClient, field: str, value: str) -> None:
    answer = await listen(client, speech(), format="vtt", **{field: value})
    assert (answer.status_code, answer.json()["param"]) == (422, field)


async def test_what_was_skipped_is_told_in_a_header_where_the_body_has_no_place(client: httpx.AsyncClient) -> None:
    data = encoded(np.tile(decoded(speech())[0], 4), "flac")
    for format in ("text", "srt", "vtt"):
        answer = await listen(client, data[: len(data) // 2], format=format)
        assert "cut off" in answer.headers["x-warnings"] or "damaged" in answer.headers["x-warnings"]
    assert "x-warnings" not in (await listen(client, speech(), format="srt")).headers
