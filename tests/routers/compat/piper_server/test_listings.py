from __future__ import annotations

from dataclasses import replace

import httpx

from middleware.listener import OutputDefaults
from routers.compat.piper_server.models import SpeechModels
from routers.services import Services
from stts import __version__
from tests.routers.compat.piper_server.conftest import client_of
from tests.routers.compat.piper_server.speakers import MANY, ONE


async def test_health_counts_the_models(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health", headers={"host": "piper.internal"})
    assert answer.json() == {"status": "ok", "version": __version__, "models_available": 2}


async def test_info(client: httpx.AsyncClient) -> None:
    assert (await client.get("/info")).json() == {
        "service": "Piper TTS",
        "version": __version__,
        "models": [MANY, ONE],
        "api": "/docs",
        "settings": {"max_text_length": 500, "max_concurrent_requests": 10},
    }
    page = await client.get("/docs")
    assert page.status_code == 200 and "/model_card/{model}" in page.text


async def test_voices_are_models_with_speakers(client: httpx.AsyncClient) -> None:
    assert (await client.get("/voices")).json() == {
        MANY: {
            "speakers": [{"index": "0", "id": "p225"}, {"index": "1", "id": "p226"}],
            "model_card": f"/model_card/{MANY}",
            "demo": f"/demo/{MANY}",
        },
        ONE: {
            "speakers": [{"index": "0", "id": "kristin"}],
            "model_card": f"/model_card/{ONE}",
            "demo": f"/demo/{ONE}",
        },
    }


async def test_every_address_that_is_listed_is_there(client: httpx.AsyncClient) -> None:
    for model in (await client.get("/voices")).json().values():
        card = await client.get(model["model_card"])
        assert card.headers["content-type"] == "text/markdown; charset=utf-8" and card.text.startswith("# ")
        demo = await client.get(model["demo"])
        assert f'src="{model["demo"]}/raw"' in demo.text


async def test_below_a_prefix_addresses_begin_with_it(services: Services) -> None:
    async with client_of(services, root_path="/piper") as client:
        model = (await client.get("/piper/voices")).json()[ONE]
        assert model["model_card"] == f"/piper/model_card/{ONE}" and model["demo"] == f"/piper/demo/{ONE}"
        assert f'src="/piper/demo/{ONE}/raw"' in (await client.get(model["demo"])).text
        assert (await client.get("/piper/info")).json()["api"] == "/piper/docs"


async def test_cards_are_those_of_the_makers_or_what_is_known(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/model_card/{ONE}")).text == "# Card of Kristin"
    own = (await client.get(f"/model_card/{MANY}")).text
    assert "* Language: en-GB" in own and "* Speakers: 2" in own and "16,000Hz" in own and "CC0" in own
    for path in ("/model_card/nobody", "/demo/nobody", "/model_card/..%2f..%2fetc", "/model_card/%2e%2e"):
        unknown = await client.get(path)
        assert unknown.status_code == 404 and isinstance(unknown.json()["detail"], str)


async def test_what_other_dialects_have_is_not_there(client: httpx.AsyncClient) -> None:
    for path in ("/tts", "/engines", "/v1/models", "/ready", "/openapi.json"):
        answer = await client.get(path)
        assert answer.status_code in (404, 405) and isinstance(answer.json()["detail"], str), path


async def test_without_piper_the_voices_of_auto_are_models(services: Services) -> None:
    async with client_of(services, OutputDefaults("wav")) as client:
        models = [*(await client.get("/voices")).json()]
        # Those of the tone come first, as the order of `auto` says, then eSpeak's.
        assert models[:2] == ["low", "high"] and "en-us" in models
        answer = await client.post("/tts", json={"text": "Hello", "model": "high"})
        assert (answer.headers["x-engine"], answer.headers["x-voice"]) == ("tone", "high")


async def test_names_of_two_engines_are_told_apart(services: Services) -> None:
    services = replace(services, settings=services.settings)
    models = SpeechModels(services.engines)
    found = await models.all(OutputDefaults("wav"))
    assert len({(each.engine, each.voice.id) for each in found.values()}) == len(found)
    assert all("/" not in name and name == name.strip(".") for name in found)
