from __future__ import annotations

from typing import Any

from middleware.edge.problem import Problem
from routers.http.openai_errors import OpenAIError
from tests.middleware.edge.apps import app_with, client, settings


def document() -> dict[str, Any]:
    return app_with(settings()).openapi()


def reference(response: dict[str, Any], media_type: str) -> str:
    [(kind, content)] = response["content"].items()
    assert kind == media_type
    return str(content["schema"]["$ref"]).rpartition("/")[2]


def test_natively_errors_are_problems() -> None:
    responses = document()["paths"]["/tts"]["post"]["responses"]
    assert responses.keys() == {"200", "422", "default"}
    for status in ("422", "default"):
        assert reference(responses[status], "application/problem+json") == "Problem"


def test_on_v1_they_are_openais() -> None:
    responses = document()["paths"]["/v1/audio/speech"]["post"]["responses"]
    assert responses.keys() == {"200", "400", "default"}
    for status in ("400", "default"):
        assert reference(responses[status], "application/json") == "OpenAIError"


def test_what_a_door_says_itself_stays() -> None:
    app = app_with(settings())

    @app.get(
        "/mine", responses={503: {"description": "Mine.", "content": {"text/plain": {}}}, 409: {"description": "Ours."}}
    )
    async def mine() -> None: ...

    responses = app.openapi()["paths"]["/mine"]["get"]["responses"]
    assert responses["503"] == {"description": "Mine.", "content": {"text/plain": {}}}
    assert responses["409"]["description"] == "Ours."
    assert reference(responses["409"], "application/problem+json") == "Problem"


def test_the_frameworks_own_shapes_are_gone_and_nothing_misses_them() -> None:
    app = app_with(settings())
    text = str(app.openapi())
    assert "HTTPValidationError" not in text
    assert app.openapi() is app.openapi()


async def test_a_problem_fits_its_description() -> None:
    async with client(app_with(settings())) as http:
        problem = await http.post("/tts", json={"text": 7})
        openai = await http.post("/v1/audio/speech", json={"text": 7})
    assert Problem.model_validate_json(problem.content).errors
    assert OpenAIError.model_validate_json(openai.content).error.param == "text"


def test_the_key_is_described_where_there_is_one() -> None:
    assert "securitySchemes" not in document()["components"]
    guarded = app_with(settings(api_key="sesame")).openapi()
    assert guarded["security"] == [{"bearer": []}, {"header": []}]
    assert set(guarded["components"]["securitySchemes"]) == {"bearer", "header"}
