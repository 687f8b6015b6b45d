from __future__ import annotations

import asyncio
import io
import wave

import httpx
import pytest

from middleware.listener import OutputDefaults
from routers.compat.piper_server.options import PiperServerOptions
from routers.compat.piper_server.speech import attachment
from routers.services import Services
from tests.routers.compat.piper_server.conftest import client_of
from tests.routers.compat.piper_server.speakers import MANY, ONE

TEXT = "Hello, this is a test of the text-to-speech system."


async def test_a_text_is_a_whole_wav_file_with_a_name(client: httpx.AsyncClient) -> None:
    answer = await client.post("/tts", json={"text": TEXT})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"] == f"attachment; filename=tts_{ONE}_0.wav"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getnframes() / file.getframerate() == pytest.approx(len(TEXT) * 0.06, abs=0.05)


async def test_the_second_time_it_is_a_hit(client: httpx.AsyncClient) -> None:
    first, second = [await client.post("/tts", json={"text": TEXT, "model": ONE, "speaker_id": "0"}) for _ in range(2)]
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    assert first.content == second.content


async def test_whoever_joins_an_answer_in_the_making_has_missed_it(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/tts", json={"text": TEXT}) for _ in range(4)))
    states = [answer.headers["x-cache"] for answer in answers]
    assert set(states) <= {"MISS", "HIT"} and states.count("MISS") >= 1
    assert len({answer.content for answer in answers}) == 1


async def test_speakers_by_index_number_and_name(client: httpx.AsyncClient) -> None:
    async def spoken(speaker: object) -> bytes:
        answer = await client.post("/tts", json={"text": TEXT, "model": MANY, "speaker_id": speaker})
        assert answer.status_code == 200, answer.text
        return answer.content

    second = await spoken("1")
    assert second == await spoken(1) == await spoken("p226")
    assert second != await spoken("0")
    answer = await client.post("/tts", json={"text": TEXT, "model": MANY, "speaker_id": "p226"})
    assert answer.headers["content-disposition"] == f"attachment; filename=tts_{MANY}_p226.wav"
    assert answer.headers["x-voice"] == f"{MANY}%23p226"


async def test_models_and_speakers_that_are_not_there(client: httpx.AsyncClient) -> None:
    for name in ("nobody", "../../etc/passwd", f"{MANY}#p225", "speakers", "a" * 199):
        unknown = await client.post("/tts", json={"text": TEXT, "model": name})
        assert unknown.status_code == 404 and MANY in unknown.json()["detail"] and name not in unknown.json()["detail"]
    for speaker in ("2", "p227", "-1", "../0"):
        unknown = await client.post("/tts", json={"text": TEXT, "model": MANY, "speaker_id": speaker})
        assert unknown.status_code == 400 and "Allowed: 0, 1." in unknown.json()["detail"]


async def test_wrong_requests(client: httpx.AsyncClient) -> None:
    missing = await client.post("/tts", json={"model": MANY})
    assert (missing.status_code, missing.json()) == (
        422,
        {"detail": [{"type": "missing", "loc": ["body", "text"], "msg": "Field required"}]},
    )
    for text in ("", "  \n", "\x00"):
        empty = await client.post("/tts", json={"text": text})
        assert empty.status_code == 400 and isinstance(empty.json()["detail"], str)
    long = await client.post("/tts", json={"text": "a" * 501})
    assert long.status_code == 400 and "500 characters" in long.json()["detail"]
    no_json = await client.post("/tts", content=b"text=Hello")
    assert no_json.status_code == 422 and no_json.json()["detail"][0]["loc"] == ["body"]


async def test_a_text_limit_of_the_listener(services: Services) -> None:
    async with client_of(services, OutputDefaults("wav", engine="speakers", text_characters=20)) as client:
        answer = await client.post("/tts", json={"text": TEXT})
        assert answer.status_code == 400 and "20 characters" in answer.json()["detail"]
        assert (await client.get("/info")).json()["settings"]["max_text_length"] == 20


async def test_defaults_of_the_listener(services: Services) -> None:
    output, options = OutputDefaults("wav", engine="speakers", voice=MANY), PiperServerOptions(default_speaker="p226")
    async with client_of(services, output, options) as client:
        answer = await client.post("/tts", json={"text": TEXT})
        assert answer.headers["content-disposition"] == f"attachment; filename=tts_{MANY}_1.wav"
        other = await client.post("/tts", json={"text": TEXT, "model": ONE})
        assert other.headers["x-voice"] == ONE and "x-warnings" not in other.headers


async def test_a_default_model_that_is_not_here_is_stood_in_for_and_told(services: Services) -> None:
    async with client_of(services, OutputDefaults("wav", engine="speakers", voice="en_GB-alan-low")) as client:
        answer = await client.post("/tts", json={"text": TEXT})
        assert answer.status_code == 200 and ONE in answer.headers["x-warnings"]
        assert (await client.post("/tts", json={"text": TEXT, "model": "en_GB-alan-low"})).status_code == 404


async def test_speech_that_takes_too_long_is_504(services: Services) -> None:
    options = PiperServerOptions(timeout_seconds=1e-9)
    async with client_of(services, options=options) as client:
        answer = await client.post("/tts", json={"text": TEXT})
    assert answer.status_code == 504 and "seconds" in answer.json()["detail"]


async def test_an_engine_that_breaks_is_500(services: Services) -> None:
    async with client_of(services, OutputDefaults("wav", engine="tone")) as client:
        answer = await client.post("/tts", json={"text": "Now it will explode."})
    assert answer.status_code == 500 and "explode" not in answer.text


@pytest.mark.parametrize("model", [ONE, MANY])
async def test_a_demo_is_a_sentence_of_the_model(client: httpx.AsyncClient, model: str) -> None:
    answer = await client.get(f"/demo/{model}/raw")
    assert answer.status_code == 200 and answer.headers["content-type"] == "audio/wav"
    assert "content-disposition" not in answer.headers
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.getnframes() > 16_000
    head = await client.head(f"/demo/{model}/raw")
    assert head.status_code == 200 and not head.content
    assert (await client.get("/demo/nobody/raw")).status_code == 404


def test_names_that_no_header_carries() -> None:
    assert attachment("tts_a_0.wav") == "attachment; filename=tts_a_0.wav"
    assert attachment("tts_tugão_0.wav") == "attachment; filename=tts.wav; filename*=UTF-8''tts_tug%C3%A3o_0.wav"
