from __future__ import annotations

import httpx

from routers.services import Services
from tests.routers.compat.elevenlabs.conftest import client_of


async def test_voices(client: httpx.AsyncClient) -> None:
    voices = (await client.get("/v1/voices")).json()["voices"]
    low = next(each for each in voices if each["voice_id"] == "low")
    assert low["name"] == "Low" and low["category"] == "premade"
    assert low["labels"] == {"engine": "tone", "language": "en"}
    assert low["high_quality_base_model_ids"] == ["tone"]


async def test_one_voice(client: httpx.AsyncClient) -> None:
    low = (await client.get("/v1/voices/low")).json()
    assert low["voice_id"] == "low" and low["settings"]["stability"] == 0.5
    assert (await client.get("/v1/voices/low/settings")).json()["speed"] == 1.0
    assert (await client.get("/v1/voices/settings/default")).json()["similarity_boost"] == 0.75
    rachel = (await client.get("/v1/voices/21m00Tcm4TlvDq8ikWAM")).json()
    assert rachel["voice_id"] == "21m00Tcm4TlvDq8ikWAM" and rachel["labels"]["gender"] == "female"
    missing = await client.get("/v1/voices/nosuch")
    assert (missing.status_code, missing.json()["detail"]["status"]) == (404, "voice_not_found")


async def test_pages_of_voices(client: httpx.AsyncClient) -> None:
    first = (await client.get("/v2/voices", params={"page_size": 1, "search": "ENGLISH"})).json()
    assert len(first["voices"]) == 1 and first["has_more"] and first["total_count"] > 3
    then = {"page_size": 1, "search": "ENGLISH", "next_page_token": first["next_page_token"]}
    second = (await client.get("/v2/voices", params=then)).json()
    assert second["voices"][0]["voice_id"] != first["voices"][0]["voice_id"]
    one = (await client.get("/v2/voices", params={"voice_ids": ["low"]})).json()
    assert [each["voice_id"] for each in one["voices"]] == ["low"] and not one["has_more"]
    assert (await client.get("/v2/voices", params={"category": "cloned"})).json()["voices"] == []
    assert (await client.get("/v2/voices", params={"next_page_token": "x"})).status_code == 422


async def test_models(client: httpx.AsyncClient) -> None:
    models = {each["model_id"]: each for each in (await client.get("/v1/models")).json()}
    assert {"eleven_multilingual_v2", "tone", "espeak"} <= set(models) and "auto" not in models
    assert models["tone"]["languages"] == [{"language_id": "en", "name": "English"}]
    assert models["tone"]["can_do_text_to_speech"]
    assert models["tone"]["maximum_text_length_per_request"] == 2000


async def test_an_account_without_quotas(services: Services) -> None:
    async with client_of(services) as client:
        user = (await client.get("/v1/user")).json()
        subscription = (await client.get("/v1/user/subscription")).json()
    assert user["user_id"] == "server" and user["subscription"] == subscription
    assert subscription["character_count"] == 0 and subscription["status"] == "active"
