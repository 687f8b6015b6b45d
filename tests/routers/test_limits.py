"""Limits and quotas on a running server: exact, told in words and headers, and never charged for nothing."""

from __future__ import annotations

import asyncio
import io
import json
import re
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from stts.settings import LimitSettings, StorageSettings
from tests import patient
from tests.keyed import Keyed, keyed_server, keyed_settings

pytestmark = pytest.mark.socket
TEXT = "Ten chars."
HUM = b"\x00\x20" * 40 + b"\x00\xe0" * 40
"""A period of 200 Hz, at 16 kHz."""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("limits"))) as keyed:
        yield keyed


def limited(keyed: Keyed, **limits: int) -> str:
    key: str = keyed.key(limits=limits)["key"]
    return key


def statuses(keyed: Keyed, key: str, count: int, **request: Any) -> list[int]:
    with keyed.client(key) as client, ThreadPoolExecutor(count) as pool:
        calls = [pool.submit(client.post, "/tts", json={"text": TEXT, **request}) for _ in range(count)]
        return sorted(call.result().status_code for call in calls)


def test_fifty_at_once_against_a_quota_for_ten(keyed: Keyed) -> None:
    key = limited(keyed, characters_per_month=10 * len(TEXT))
    assert statuses(keyed, key, 50) == [200] * 10 + [429] * 40


def test_a_used_up_quota_is_told(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, characters_per_day=15)) as client:
        assert client.post("/tts", json={"text": TEXT}).status_code == 200
        refused = client.post("/tts", json={"text": TEXT})
        assert refused.status_code == 429 and refused.json()["code"] == "quota_exceeded"
        assert "15 characters a day" in refused.json()["detail"] and "5 are left" in refused.json()["detail"]
        assert 0 < int(refused.headers["Retry-After"]) <= 86_400
        openai = client.post("/v1/audio/speech", json={"model": "tts-1", "input": TEXT, "voice": "alloy"})
        assert openai.status_code == 429 and openai.json()["error"]["type"] == "rate_limit_error"
        assert client.post("/tts", json={"text": "Five."}).status_code == 200


def test_what_fails_costs_nothing(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, characters_per_day=len(TEXT))) as client:
        assert client.post("/tts", json={"text": TEXT, "voice": "nobody"}).status_code == 422
        assert client.post("/tts", json={"text": TEXT, "format": "wax"}).status_code == 422
        assert client.post("/tts", json={"text": TEXT}).status_code == 200
        assert client.post("/tts", json={"text": "x"}).status_code == 429


def test_seconds_spoken(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, audio_seconds_out_per_day=3)) as client:
        spoken = 0.0
        while (answer := client.post("/tts", json={"text": TEXT, "format": "wav", "stream": False})).status_code == 200:
            with wave.open(io.BytesIO(answer.content)) as file:
                spoken += file.getnframes() / file.getframerate()
        assert answer.json()["code"] == "quota_exceeded" and 1.0 < spoken <= 3.0


def silence(seconds: int, frames: bytes = bytes(160)) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(16_000)
        wav.writeframes(frames * (200 * seconds))
    return file.getvalue()


def test_seconds_heard(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, audio_seconds_in_per_day=5)) as client:
        answers = [client.post("/stt", files={"file": ("a.wav", silence(2))}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert "1 are left, 2 are needed" in answers[-1].json()["detail"]
        assert client.post("/stt", files={"file": ("a.wav", silence(1))}).status_code == 200


def test_looking_at_a_recording_counts_as_hearing_it(keyed: Keyed) -> None:
    """Speech that is looked for, and the watermark, cost their seconds; a sample that may not be heard is no voice."""
    with keyed.client(limited(keyed, audio_seconds_in_per_day=5, concurrent=1)) as client:
        for path in ("/v1/content_provenance_checks", "/v1/audio/speech/timestamps"):
            assert client.post(path, files={"file": ("a.wav", silence(2))}).status_code == 200
        (left,) = [each["left"] for each in client.get("/me").json()["left"] if "audio" in each["limit"]]
        assert left == pytest.approx(1.0, abs=0.01)
        for path, file in (
            ("/v1/content_provenance_checks", "file"),
            ("/v1/audio/speech/timestamps", "file"),
            ("/v1/voices", "file"),
            ("/v1/audio/voice_consents", "recording"),
        ):
            refused = client.post(path, files={file: ("a.wav", silence(2, HUM))}, data={"name": "A", "language": "en"})
            assert refused.status_code == 429 and "quota" in refused.text, refused.text


def test_requests_a_minute_are_told_in_headers(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, requests_per_minute=3)) as client:
        answers = [client.get("/v1/models") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers[:3]] == ["2", "1", "0"]
    assert answers[0].headers["ratelimit-policy"] == '"requests-key";q=3;w=60'
    assert answers[1].headers["ratelimit"].startswith('"requests-key";r=1;t=')
    assert 0 < int(answers[3].headers["retry-after"]) <= 60
    assert answers[3].json()["error"]["type"] == "rate_limit_error"
    assert answers[3].headers["x-ratelimit-remaining-requests"] == "0"
    assert answers[3].headers["ratelimit"].startswith('"requests-key";r=0;t=')
    assert answers[3].headers["ratelimit-policy"] == answers[0].headers["ratelimit-policy"]


def test_amounts_are_told_in_headers(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, characters_per_month=100, characters_per_day=50, requests_per_minute=9)) as client:
        before = client.get("/v1/models").headers
        spoken = client.post("/v1/audio/speech", json={"model": "tts-1", "input": TEXT, "voice": "alloy"}).headers
        refused = client.post("/tts", json={"text": 5 * TEXT})
    policies = before["ratelimit-policy"].split(", ")
    assert policies[:2] == ['"requests-key";q=9;w=60', '"characters-day-key";q=50;w=86400']
    month = re.fullmatch(r'"characters-month-key";q=100;w=(\d+)', policies[2])
    assert month is not None and int(month[1]) in [days * 86_400 for days in (28, 29, 30, 31)]
    # Nothing of it was asked for yet, so nothing is known.
    assert "characters" not in before["ratelimit"] and "x-ratelimit-limit-tokens" not in before
    assert re.search(r'"characters-day-key";r=40;t=\d+, "characters-month-key";r=90;t=\d+$', spoken["ratelimit"])
    assert (spoken["x-ratelimit-limit-tokens"], spoken["x-ratelimit-remaining-tokens"]) == ("50", "40")
    assert 0 <= int(spoken["x-ratelimit-reset-tokens"].removesuffix("s")) <= 86_400
    assert spoken["x-ratelimit-remaining-requests"] == "7"
    assert refused.status_code == 429 and '"characters-day-key";r=40;' in refused.headers["ratelimit"]
    assert "x-ratelimit-limit-tokens" not in refused.headers


def test_seconds_are_told_without_rates_too(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, audio_seconds_in_per_day=100)) as client:
        headers = client.post(
            "/v1/audio/transcriptions", files={"file": ("a.wav", silence(7))}, data={"model": "whisper-1"}
        ).headers
        health = client.get("/health").headers
    assert headers["ratelimit-policy"] == '"audio-seconds-in-day-key";q=100;w=86400'
    assert headers["ratelimit"].startswith('"audio-seconds-in-day-key";r=93;t=')
    assert not any("tokens" in name or "requests" in name for name in headers)
    assert "ratelimit-policy" not in health


def test_a_caller_without_limits_is_told_nothing(keyed: Keyed) -> None:
    with keyed.client(limited(keyed)) as client:
        headers = client.post("/v1/audio/speech", json={"model": "tts-1", "input": TEXT, "voice": "alloy"}).headers
    assert not any("ratelimit" in name for name in headers)


async def test_live_sessions_at_once(keyed: Keyed) -> None:
    key = await asyncio.to_thread(lambda: limited(keyed, sessions=1))
    address, headers = f"ws{keyed.server.url[4:]}/ws/tts", {"X-API-Key": key}
    async with patient.connect(address, additional_headers=headers) as first:
        await first.send(json.dumps({"text": "Hello"}))
        assert await first.recv()
        with pytest.raises(InvalidStatus) as refused:
            await patient.connect(address, additional_headers=headers)
        assert refused.value.response.status_code == 429
        assert json.loads(refused.value.response.body)["code"] == "too_many_requests"
    async with patient.connect(address, additional_headers=headers) as again:
        await again.send(json.dumps({"text": "Hello"}))
        assert json.loads(await again.recv()).get("code") != "too_many_requests"


async def test_requests_a_minute_hold_for_sockets_too(keyed: Keyed) -> None:
    key = await asyncio.to_thread(lambda: limited(keyed, requests_per_minute=0))
    with pytest.raises(InvalidStatus) as caught:
        await patient.connect(f"ws{keyed.server.url[4:]}/ws/tts", additional_headers={"X-API-Key": key})
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["ratelimit"] == '"requests-key";r=0;t=60'


def test_speech_that_cannot_be_kept_and_is_not_sent_costs_nothing(tmp_path: Path) -> None:
    """The disk has room for the least that the text takes, and none for what it takes."""
    storage = StorageSettings(root=str(tmp_path), outputs_bytes=12_000)
    with keyed_server(keyed_settings(tmp_path, storage=storage)) as keyed:
        with keyed.client(limited(keyed, characters_per_day=100, audio_seconds_out_per_day=100)) as client:
            for wishes in ({"stream": False}, {"format": "wav"}):
                answer = client.post("/tts", json={"text": TEXT, "save": True, **wishes})
                assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
            assert {each["left"] for each in client.get("/me").json()["left"]} == {100}
        assert keyed.admin.get("/files").json()["total"] == 0


def test_audio_that_is_too_long_costs_what_was_heard(tmp_path: Path) -> None:
    with (
        keyed_server(keyed_settings(tmp_path, limits=LimitSettings(audio_seconds=5.0))) as keyed,
        keyed.client(limited(keyed, audio_seconds_in_per_day=100)) as client,
    ):
        for stream in ("false", "true"):
            answer = client.post("/stt", files={"file": ("a.wav", silence(8))}, data={"stream": stream})
            assert answer.status_code == 413 or "audio_too_long" in answer.text
        (left,) = client.get("/me").json()["left"]
    assert 90 <= left["left"] < 94, "each was heard for as long as it may be"


def test_keys_of_one_user_count_together(tmp_path: Path) -> None:
    settings = keyed_settings(tmp_path, quotas={"user": {"characters_per_month": 3 * len(TEXT)}})
    with keyed_server(settings) as keyed:
        user = keyed.user()
        keys = [keyed.key(user_id=user)["key"] for _ in range(2)]
        assert statuses(keyed, keys[0], 2) == [200, 200]
        assert statuses(keyed, keys[1], 2) == [200, 429]


def test_quotas_outlive_a_restart(tmp_path: Path) -> None:
    settings = keyed_settings(tmp_path)
    with keyed_server(settings) as keyed:
        made = keyed.key(limits={"characters_per_month": 2 * len(TEXT)})
        assert statuses(keyed, made["key"], 1) == [200]
    with keyed_server(settings) as keyed:
        assert statuses(keyed, made["key"], 3) == [200, 429, 429]


def test_me_tells_what_is_left(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, characters_per_month=100, audio_seconds_in_per_day=60)) as client:
        before = {each["limit"]: each for each in client.get("/me").json()["left"]}
        assert before["characters_per_month"]["left"] == 100 and before["audio_seconds_in_per_day"]["left"] == 60
        client.post("/tts", json={"text": TEXT})
        after = {each["limit"]: each for each in client.get("/me").json()["left"]}
        assert after["characters_per_month"]["left"] == 100 - len(TEXT)
        assert after["characters_per_month"]["of"] == "key" and after["characters_per_month"]["reset_seconds"] > 0


async def test_realtime_tells_what_is_left(keyed: Keyed) -> None:
    key = await asyncio.to_thread(lambda: limited(keyed, characters_per_month=1000))
    client = patient.AsyncOpenAI(api_key=key, base_url=f"{keyed.server.url}/v1")
    async with patient.realtime(client, model="auto") as connection:
        item: Any = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello there"}]}
        await connection.conversation.item.create(item=item)
        await connection.response.create()
        async for event in connection:
            if event.type == "rate_limits.updated":
                (limit,) = event.rate_limits
                break
    assert limit.name == "tokens" and limit.limit == 1000
    assert limit.remaining is not None and 900 < limit.remaining < 1000


def test_operations_at_once_hold_for_conversations_too(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, concurrent=0)) as client:
        assert client.post("/tts", json={"text": TEXT}).status_code == 429
        answer = client.post("/conversation", files={"file": ("a.wav", silence(1))})
        assert answer.status_code == 429 and "0 operations at once" in answer.json()["detail"]


def test_seconds_heard_count_where_no_word_was_said(keyed: Keyed) -> None:
    with keyed.client(limited(keyed, audio_seconds_in_per_day=100)) as client:
        assert client.post("/stt", files={"file": ("a.wav", silence(7))}).status_code == 200
        assert client.post("/stt", files={"file": ("a.wav", b"no audio at all")}).status_code == 422
        (left,) = client.get("/me").json()["left"]
    assert left["left"] == 93
