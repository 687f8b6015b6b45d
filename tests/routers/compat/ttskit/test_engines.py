"""Engines and voices as TTSKit tells of them."""

from __future__ import annotations

import httpx

API = "/api/v1"


async def test_engines_tell_what_they_can(client: httpx.AsyncClient) -> None:
    listed = {each["name"]: each for each in (await client.get(f"{API}/engines")).json()}
    assert "echo" not in listed and listed["edge"]["offline"] is False
    tone = listed["tone"]
    assert tone == (await client.get(f"{API}/engines/tone")).json()
    assert (tone["available"], tone["languages"], tone["voices"]) == (True, ["en"], ["low", "high"])
    assert tone["capabilities"] == {
        "offline": True,
        "ssml": False,
        "rate_control": True,
        "pitch_control": True,
        "max_text_length": 5000,
    }
    here = (await client.get(f"{API}/engines", params={"available_only": True})).json()
    assert {each["name"] for each in here} == {name for name, each in listed.items() if each["available"]}


async def test_voices_by_engine_and_language(client: httpx.AsyncClient) -> None:
    voices = (await client.get(f"{API}/engines/tone/voices")).json()
    assert voices[0] == {
        "name": "low",
        "engine": "tone",
        "language": "en",
        "gender": None,
        "quality": None,
        "sample_rate": 16_000,
    }
    assert voices == (await client.get(f"{API}/voices", params={"engine": "tone", "language": "en"})).json()
    assert (await client.get(f"{API}/engines/tone/voices", params={"language": "fa"})).json() == []
    assert (await client.get(f"{API}/voices", params={"engine": "nosuch"})).json() == []
    everyone = (await client.get(f"{API}/voices")).json()
    assert {"tone", "espeak"} <= {each["engine"] for each in everyone}


async def test_engines_that_are_not_here(client: httpx.AsyncClient) -> None:
    for path in ("nosuch", "nosuch/voices", "nosuch/test", "echo", "echo/test"):
        answer = await client.get(f"{API}/engines/{path}")
        assert (answer.status_code, answer.json()["error_type"]) == (404, "not_found"), path
    away = await client.get(f"{API}/engines/edge/voices")
    assert (away.status_code, away.json()["error_type"]) == (503, "engine_error")


async def test_an_engine_is_tested_by_speaking(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"{API}/engines/tone/test")).json()
    assert (told["success"], told["engine"], told["test_text"], told["language"]) == (
        True,
        "tone",
        "Hello, world!",
        "en",
    )
    assert told["duration"] > 0.5 and told["size"] > 10_000 and told["format"] == "wav"
    broken = await client.get(f"{API}/engines/tone/test", params={"text": "explode"})
    assert (broken.status_code, broken.json()["error_type"]) == (500, "engine_error")


async def test_capabilities_are_summed_up(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"{API}/capabilities")).json()
    assert told["tone"]["features"] == ["offline", "streaming"] and told["tone"]["languages"] == ["en"]
    assert "online" in told["edge"]["features"]
