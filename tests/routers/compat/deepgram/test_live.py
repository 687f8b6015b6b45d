"""WS /v1/listen over the whole server."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests import patient
from tests.audio import encoded
from tests.patient import PATIENCE
from tests.routers.compat.deepgram.caller import HEADERS, KEY, RAW, calling
from tests.routers.websocket.caller import pcm, silence, spoken
from tests.server import RunningServer


async def refusal(served: RunningServer, headers: dict[str, str] = HEADERS, **query: Any) -> tuple[int, dict[str, str]]:
    with pytest.raises(InvalidStatus) as caught:
        url = f"ws{served.url.removeprefix('http')}/v1/listen?"
        query_text = "&".join(f"{name}={value}" for name, value in query.items())
        await patient.connect(url + query_text, additional_headers=headers)
    answer = caught.value.response
    body = json.loads(answer.body or b"{}")
    assert answer.headers["dg-request-id"] == body["request_id"]
    assert answer.headers["dg-error"]
    return answer.status_code, body


async def test_a_stream_from_its_first_word_to_its_metadata(served: RunningServer) -> None:
    audio = spoken(1.6), silence(1.8)
    query: dict[str, Any] = {
        "interim_results": "true",
        "vad_events": "true",
        "utterance_end_ms": 1000,
        "punctuate": "true",
    }
    async with calling(served, model="nova-3", diarize="true", **RAW, **query) as caller:
        await caller.say(*audio)
        await caller.send("CloseStream")
        await caller.ended()
    assert (caller.code, caller.reason) == (1000, "")
    kinds = [each["type"] for each in caller.messages]
    assert kinds[0] == "SpeechStarted" and kinds[-2:] == ["UtteranceEnd", "Metadata"]
    (last,) = [each for each in caller.of("Results") if each["is_final"]]
    assert last["speech_final"] and last["channel_index"] == [0, 1]
    words = last["channel"]["alternatives"][0]["words"]
    times = [time for word in words for time in (word["start"], word["end"])]
    assert words and times == sorted(times) and times[-1] <= 3.4
    assert caller.of("UtteranceEnd")[0]["last_word_end"] == times[-1]
    (metadata,) = caller.of("Metadata")
    assert metadata["sha256"] == hashlib.sha256(pcm(*audio)).hexdigest()
    assert (metadata["duration"], metadata["channels"]) == (3.4, 1)
    assert [each["parameter"] for each in metadata["warnings"]] == ["diarize"]
    assert last["metadata"]["request_id"] == metadata["request_id"]


async def test_finalize_tells_what_was_said_so_far(served: RunningServer) -> None:
    async with calling(served, model="quick", **RAW) as caller:
        await caller.send("Finalize")
        nothing = await caller.until("Results")
        assert nothing["from_finalize"] and nothing["channel"]["alternatives"][0]["transcript"] == ""
        await caller.say(spoken(1.6))
        await caller.send("Finalize")
        told = await caller.until("Results")
        assert told["from_finalize"] and told["is_final"] and told["channel"]["alternatives"][0]["transcript"]
        await caller.send("KeepAlive")
        await caller.send("CloseStream")
        await caller.ended()
    assert caller.code == 1000


async def test_a_short_pause_tells_its_words_and_the_turn_goes_on(served: RunningServer) -> None:
    async with calling(served, model="quick", endpointing=10, punctuate="true", **RAW) as caller:
        for _ in range(2):
            await caller.say(spoken(1.6), silence(0.2))
            assert (await caller.until("Results"))["speech_final"]
        await caller.send("CloseStream")
        await caller.ended()
    first, second = (each for each in caller.of("Results") if each["channel"]["alternatives"][0]["words"])
    assert first["is_final"] and second["is_final"]
    assert first["start"] + first["duration"] == pytest.approx(second["start"], abs=0.01)  # one turn in two parts
    words = [each["channel"]["alternatives"][0]["words"] for each in (first, second)]
    assert words[0][-1]["end"] <= second["start"] and words[1][0]["start"] >= words[0][-1]["end"]


async def test_words_of_a_long_turn_are_final_before_its_end(served: RunningServer) -> None:
    async with calling(served, model="quick", endpointing=900, **RAW) as caller:
        await caller.say(spoken(5.0), silence(0.3))
        first = await caller.until("Results")
        assert first["is_final"] and not first["speech_final"]
        assert first["channel"]["alternatives"][0]["transcript"]
        await caller.say(silence(1.0))
        last = await caller.until("Results")
        # Nothing was said since, and the pause is told all the same.
        assert last["speech_final"] and not last["channel"]["alternatives"][0]["words"]
        await caller.send("CloseStream")
        await caller.ended()


async def test_an_empty_message_ends_a_stream_as_older_clients_do(served: RunningServer) -> None:
    async with calling(served, model="nova-2", **RAW) as caller:
        await caller.connection.send(b"")
        await caller.connection.send(pcm(silence(0.1)))
        await caller.ended()
    assert caller.code == 1000 and [each["type"] for each in caller.messages] == ["Metadata"]
    assert caller.messages[0]["duration"] == 0.0


async def test_what_is_no_message_is_told_and_the_stream_goes_on(served: RunningServer) -> None:
    async with calling(served, model="quick", **RAW) as caller:
        for garbage in ("garbage", "[]", '{"type":"Dance"}', "{}", "[" * 100_000):
            await caller.connection.send(garbage)
            error = await caller.until("Error")
            assert error["variant"] == "SchemaError" and "garbage" not in error["description"]
        await caller.say(spoken(1.6), silence(1.0))
        assert (await caller.until("Results"))["channel"]["alternatives"][0]["transcript"]


async def test_terms_can_be_changed_on_the_way(served: RunningServer) -> None:
    async with calling(served, model="nova-3", **RAW) as caller:
        await caller.send("Configure", keyterms=["tomorrow"], features={"numerals": True})
        assert (await caller.until("ConfigureSuccess"))["keyterms"] == ["tomorrow"]
        await caller.send("Configure")
        assert "keyterms" not in await caller.until("ConfigureSuccess")


async def test_each_channel_is_heard_by_itself(served: RunningServer) -> None:
    left, right = np.concatenate([spoken(1.6), silence(3.0)]), np.concatenate([silence(3.0), spoken(1.6)])
    data = np.stack([np.frombuffer(pcm(each), "<i2") for each in (left, right)], axis=1).tobytes()
    async with calling(served, model="quick", multichannel="true", channels=2, **RAW) as caller:
        for start in range(0, len(data), 6401):  # in the midst of frames
            await caller.connection.send(data[start : start + 6401])
        await caller.send("CloseStream")
        await caller.ended()
    told = {
        each["channel_index"][0]: each for each in caller.of("Results") if each["channel"]["alternatives"][0]["words"]
    }
    assert [told[index]["channel_index"] for index in (0, 1)] == [[0, 2], [1, 2]]
    assert told[0]["start"] < 1.0 < 2.5 < told[1]["start"]
    assert caller.of("Metadata")[0]["channels"] == 2


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_telephone_audio(served: RunningServer, encoding: str) -> None:
    async with calling(served, model="quick", encoding=encoding, sample_rate=8000) as caller:
        await caller.connection.send(bytes([0xFF]) * 8000)
        await caller.send("CloseStream")
        await caller.ended()
    assert caller.of("Metadata")[0]["duration"] == 1.0


async def test_a_file_says_by_itself_what_it_is(served: RunningServer) -> None:
    data = encoded(np.concatenate([spoken(1.6), silence(1.0)]))
    async with calling(served, model="quick") as caller:
        for start in range(0, len(data), 4000):
            await caller.connection.send(data[start : start + 4000])
        await caller.send("CloseStream")
        await caller.ended()
    assert caller.texts()[0] and caller.of("Metadata")[0]["duration"] == pytest.approx(2.6, abs=0.05)


async def test_noise_that_is_no_file_ends_the_stream(served: RunningServer) -> None:
    async with calling(served, model="quick") as caller:
        await caller.connection.send(b"this is no audio " * 20_000)
        await caller.send("CloseStream")
        await caller.ended()
    assert caller.code == 1008 and caller.reason.startswith("DATA-0000")
    assert caller.of("Error")[0]["description"].startswith("failed to process audio")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"model": "nosuch"}, 400, "Bad Request"),
        ({"encoding": "g729", "sample_rate": 8000}, 400, "Bad Request"),
        ({"encoding": "linear16", "sample_rate": 999999999}, 400, "Bad Request"),
        ({"encoding": "linear16"}, 400, "Bad Request"),
        ({"language": "xx-Klingon", "model": "echo"}, 400, "Bad Request"),
        ({"callback": "https://elsewhere.example"}, 400, "Bad Request"),
    ],
)
async def test_what_is_refused_before_the_socket_is_open(
    served: RunningServer, query: dict[str, Any], status: int, code: str
) -> None:
    answered, body = await refusal(served, **query)
    assert (answered, body["err_code"]) == (status, code)


@pytest.mark.parametrize("header", ["Token wrong", "Bearer wrong", "Basic ZGcta2V5", "", KEY])
async def test_wrong_keys(served: RunningServer, header: str) -> None:
    answered, body = await refusal(served, {"Authorization": header} if header else {})
    assert (answered, body["err_code"]) == (401, "INVALID_AUTH")


@pytest.mark.parametrize("scheme", ["token", "bearer"])
async def test_browsers_offer_the_key_as_a_subprotocol(served: RunningServer, scheme: str) -> None:
    url = f"ws{served.url.removeprefix('http')}/v1/listen?model=nova-3"
    protocols = [Subprotocol(scheme), Subprotocol(KEY)]
    async with patient.connect(url, subprotocols=protocols) as connection:
        assert connection.subprotocol == scheme
        assert connection.response is not None and connection.response.headers["dg-request-id"]


async def test_a_client_that_leaves_leaves_nothing(served: RunningServer) -> None:
    for _ in range(3):
        async with calling(served, model="nova-3", **RAW) as caller:
            await caller.say(spoken(1.0))
            caller.connection.transport.abort()
    async with asyncio.timeout(PATIENCE):
        while served.services.limiter.open:  # noqa: ASYNC110 - it is another thread's
            await asyncio.sleep(0.02)
