from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from adapters.speech.refusals import LacksAbility, NoSuchVoice
from middleware.edge import errors
from middleware.edge.dialect import RenderedError, render_problem
from middleware.edge.errors import error_response
from middleware.edge.problem import InvalidFields, problem
from routers.compat.openai.errors import render_openai_error
from routers.http.openai_errors import openai_error
from stts import errors as tree
from stts.errors import Busy, STTSError, UnknownModel, UnknownVoice
from tests.middleware.edge.apps import app_with, client, settings

APP = app_with(settings())
VOICE = UnknownVoice("There is no such voice.", param="voice", allowed=["low", "high"])
LEAVES = [
    leaf
    for _, leaf in inspect.getmembers(tree, inspect.isclass)
    if issubclass(leaf, STTSError) and leaf is not STTSError
]


def test_a_problem_has_the_members_of_its_rfc_and_ours() -> None:
    assert problem(VOICE, "id-1") == {
        "type": "urn:stts:error:unknown_voice",
        "title": "Unknown voice",
        "status": 422,
        "detail": "There is no such voice.",
        "code": "unknown_voice",
        "request_id": "id-1",
        "param": "voice",
        "allowed": ["low", "high"],
    }


def test_a_voice_that_there_is_not_names_the_list_of_the_dialect() -> None:
    missing = NoSuchVoice("No engine has it.", param="voice")
    assert render_problem(missing, "").body["detail"] == "No engine has it. GET /voices lists all."
    told = render_openai_error(missing, "").body["error"]["message"]
    assert told == "No engine has it. GET /v1/audio/voices lists all."
    model = UnknownModel("There is no such model.", param="model")
    assert render_openai_error(model, "").body["error"]["message"].endswith("GET /v1/models lists all.")
    # Another list would not help where the voice is there.
    lacking = LacksAbility("It cannot clone.", "cloning")
    assert render_problem(lacking, "").body["detail"] == "It cannot clone."


def test_a_problem_leaves_out_what_there_is_not() -> None:
    assert problem(Busy("full"), "").keys() == {"type", "title", "status", "detail", "code", "request_id"}


def test_openai_has_all_four_keys() -> None:
    assert openai_error(Busy("full")) == {
        "error": {"message": "full", "type": "server_error", "param": None, "code": "busy"}
    }


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_error_has_a_type_that_openai_knows(leaf: type[STTSError]) -> None:
    expected = {
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
    }
    default = "server_error" if leaf.status >= 500 else "invalid_request_error"
    assert openai_error(leaf("x"))["error"]["type"] == expected.get(leaf.status, default)


@pytest.mark.parametrize(
    ("param", "shown"),
    [
        ("voice", "voice"),
        ("fields[0].name", "fields[0].name"),
        ("my secret words <b>", "?"),
        ("", "?"),
        ("x" * 129, "?"),
        ("übung", "?"),
        ("voice\n", "?"),
    ],
)
def test_names_that_a_client_may_have_made_up_are_not_repeated(param: str, shown: str) -> None:
    error = UnknownVoice("There is no such voice.", param=param)
    assert problem(error, "")["param"] == shown
    assert openai_error(error)["error"]["param"] == shown


def test_each_dialect_has_its_shape() -> None:
    assert render_openai_error(VOICE, "id-1") == RenderedError(400, "application/json", openai_error(VOICE))
    assert render_problem(VOICE, "id-1") == RenderedError(422, "application/problem+json", problem(VOICE, "id-1"))
    assert render_openai_error(Busy("full"), "id-1").status == 503


@pytest.mark.parametrize(("seconds", "header"), [(0.01, "1"), (1.2, "2"), (30.0, "30")])
def test_retry_after_is_whole_seconds_and_never_none(seconds: float, header: str) -> None:
    answer = error_response({"path": "/tts"}, Busy("full", retry_after=seconds))
    assert answer.headers["retry-after"] == header


async def test_an_error_of_ours_natively() -> None:
    async with client(APP) as http:
        answer = await http.get("/unknown-voice", headers={"X-Request-ID": "id-1"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == problem(VOICE, "id-1")


async def test_an_error_of_ours_on_v1() -> None:
    async with client(APP) as http:
        answer = await http.get("/v1/unknown-voice")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == openai_error(VOICE)


async def test_nothing_there() -> None:
    async with client(APP) as http:
        answer = await http.get("/no/Dear%20Anna")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "Anna" not in answer.text


async def test_a_method_that_is_not_allowed_says_which_are() -> None:
    async with client(APP) as http:
        answer = await http.delete("/tts")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert answer.json()["allowed"] == ["POST", "OPTIONS"] and answer.json()["detail"].endswith("resource.")


async def test_exceptions_of_the_framework_keep_their_status() -> None:
    app = app_with(settings())

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, detail="Dear Anna")

    async with client(app) as http:
        answer = await http.get("/teapot")
    assert (answer.status_code, answer.json()["code"]) == (418, "i_m_a_teapot")
    assert "Anna" not in answer.text


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": ["Dear Anna"]}, "text"),
        ({"text": "hello", "speed": "Dear Anna"}, "speed"),
        ({"text": "hello", "speed": 9}, "speed"),
        ({"text": "hello", "nonsense": 1}, "nonsense"),
        ({"text": "hello", "Dear Anna": 1}, "?"),
        ({"text": "hello", "x" * 1000: 1}, "?"),
        ({"text": "hello", "\ud800": 1}, "body"),
        ({"text": 7, "speed": "\ud800 Dear Anna"}, "text"),
        (["Dear Anna"], "body"),
        ("Dear Anna", "body"),
        (None, "body"),
    ],
)
async def test_a_body_that_does_not_fit_its_model(body: Any, param: str) -> None:
    async with client(APP) as http:
        native, openai = [
            await http.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
            for path in ("/tts", "/v1/audio/speech")
        ]
    assert (native.status_code, native.json()["code"], native.json()["param"]) == (422, "invalid_request", param)
    assert native.json()["errors"][0].keys() == {"param", "message", "code"}
    assert (openai.status_code, openai.json()["error"]["param"]) == (400, param)
    for answer in (native, openai):
        assert "Anna" not in answer.text
        assert "ud800" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"Dear Anna",
        b"\xff\xfe\xfa",
        b'{"text": NaN, "speed": NaN}',
        b'{"text": "a", "speed": Infinity}',
        b"[" * 100_000,
    ],
)
async def test_a_body_that_is_no_json(body: bytes) -> None:
    async with client(APP) as http:
        answer = await http.post("/tts", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "Anna" not in answer.text


async def test_deep_nesting_says_so() -> None:
    async with client(APP) as http:
        body = b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        answer = await http.post("/tts", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (422, "The JSON is nested too deeply.")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"Dear Anna"),
        ("multipart/form-data; boundary=x", b"Dear Anna"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nDear Anna\r\n--x--\r\n"),
        ("application/json", b"{}"),
        ("", b""),
    ],
)
async def test_a_form_that_is_none(content_type: str, body: bytes) -> None:
    async with client(APP) as http:
        answer = await http.post("/stt", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "Anna" not in answer.text


async def test_a_query_that_does_not_fit() -> None:
    async with client(APP) as http:
        answer = await http.get("/query", params={"number": "Dear Anna"})
    assert (answer.status_code, answer.json()["param"]) == (422, "number")
    assert "Anna" not in answer.text


async def test_there_is_an_end_to_details() -> None:
    async with client(APP) as http:
        answer = await http.post("/tts", json={f"field{number}": 1 for number in range(1000)})
    assert len(answer.json()["errors"]) == errors.MOST_FIELDS


def test_fields_without_any() -> None:
    assert problem(InvalidFields([]), "")["errors"] == []


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=8,
)


@given(json_values)
async def test_any_json_gets_a_clear_answer(value: Any) -> None:
    async with client(APP) as http:
        answer = await http.post("/tts", content=json.dumps(value), headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert answer.json()["code"] == "invalid_request"
