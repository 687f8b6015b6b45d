"""Errors as the official client raises them, wherever under /v1 they come from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from openai import (
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
)
from pydantic import SecretStr

from stts.settings import EngineSettings, LimitSettings, SecuritySettings, Settings, StorageSettings, TTSSettings
from tests import patient
from tests.fakes import registry
from tests.server import RunningServer, running

KEY = "correct horse battery staple"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Wants a key, takes small bodies, and lets nobody wait for long."""
    settings = Settings(
        security=SecuritySettings(api_key=SecretStr(KEY)),
        limits=LimitSettings(json_bytes=2000, upload_bytes=4000, queue_seconds=0.6),
        tts=TTSSettings(order=("tone",)),
        engines=EngineSettings(options={"tone": {"speed": 2.0}}),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("guarded") / "data")),
    )
    with running(settings, registry()) as server:
        yield server


def client(server: RunningServer, key: str = KEY) -> OpenAI:
    return patient.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)


def assert_shape(answer: httpx.Response) -> None:
    body = answer.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert isinstance(body["error"]["message"], str) and isinstance(body["error"]["code"], str)


@pytest.mark.parametrize("key", ["wrong", "none"])
def test_a_wrong_key_is_an_authentication_error(guarded: RunningServer, key: str) -> None:
    with client(guarded, key) as openai:
        for call in (
            lambda: openai.models.list(),
            lambda: openai.models.retrieve("tts-1"),
            lambda: openai.audio.speech.create(model="tts-1", voice="alloy", input="Hello."),
            lambda: openai.audio.transcriptions.create(model="whisper-1", file=b"x"),
        ):
            with pytest.raises(AuthenticationError) as caught:
                call()
            assert caught.value.type == "authentication_error"


async def test_the_async_client_raises_the_same(guarded: RunningServer) -> None:
    async with patient.AsyncOpenAI(base_url=f"{guarded.url}/v1", api_key="wrong", max_retries=0) as openai:
        with pytest.raises(AuthenticationError):
            await openai.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")


def test_the_right_key_opens(guarded: RunningServer) -> None:
    with client(guarded) as openai:
        assert openai.audio.speech.create(model="tts-1", voice="alloy", input="Hello.").content


def test_lists_that_some_clients_fetch_without_a_key_are_open(guarded: RunningServer) -> None:
    for path in ("voices", "models"):
        assert patient.get(f"{guarded.url}/v1/audio/{path}").status_code == 200
    assert patient.get(f"{guarded.url}/v1/models").status_code == 401


async def test_a_busy_server_says_when_to_come_back(guarded: RunningServer) -> None:
    speech: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": "This takes a while to say. " * 20}
    async with patient.AsyncOpenAI(base_url=f"{guarded.url}/v1", api_key=KEY, max_retries=0) as openai:
        await loaded(openai)
        await at_work(guarded, is_running=False)
        whole = asyncio.ensure_future(openai.audio.speech.create(**speech, extra_body={"stream": False}))
        await at_work(guarded)
        with pytest.raises(InternalServerError) as caught:
            await openai.audio.speech.create(**speech)
        whole.cancel()
        await asyncio.wait([whole])
    assert caught.value.status_code == 503
    assert int(caught.value.response.headers["retry-after"]) >= 1
    assert caught.value.code == "busy"


async def loaded(openai: AsyncOpenAI) -> None:
    """A busy machine loads the engine for longer than anybody may wait here."""
    async with asyncio.timeout(patient.PATIENCE):
        while True:
            with suppress(InternalServerError):
                await openai.audio.speech.create(model="tts-1", voice="alloy", input="Loaded.")
                return


async def at_work(server: RunningServer, *, is_running: bool = True) -> None:
    """Waits until the only slot is taken, or free."""
    async with asyncio.timeout(patient.PATIENCE), patient.AsyncClient(headers={"x-api-key": KEY}) as client:
        while bool((await client.get(f"{server.url}/engines/tone")).json()["running"]) != is_running:  # noqa: ASYNC110 - of another loop
            await asyncio.sleep(0.01)


def test_bodies_that_are_too_large(guarded: RunningServer) -> None:
    with client(guarded) as openai:
        for call in (
            lambda: openai.audio.speech.create(model="tts-1", voice="alloy", input="word " * 1000),
            lambda: openai.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"x" * 10_000)),
        ):
            with pytest.raises(APIStatusError) as caught:
                call()
            assert (caught.value.status_code, caught.value.code) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nosuch", 404),
        ("POST", "/v1/audio/nosuch", 404),
        ("GET", "/v1/", 404),
        ("GET", "/v1/audio/speech", 405),
        ("DELETE", "/v1/models", 405),
        ("PUT", "/v1/audio/transcriptions", 405),
    ],
)
def test_paths_and_methods_that_are_not_there(server: RunningServer, method: str, path: str, status: int) -> None:
    answer = patient.request(method, f"{server.url}{path}")
    assert answer.status_code == status
    assert_shape(answer)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"model": "tts-1", "input": "\\ud800"}', b"[" * 5000, b"{}"],
)
def test_bodies_that_are_no_request(server: RunningServer, content: bytes) -> None:
    answer = patient.post(
        f"{server.url}/v1/audio/speech", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert_shape(answer)


def test_a_form_that_is_broken(server: RunningServer) -> None:
    answer = patient.post(
        f"{server.url}/v1/audio/transcriptions",
        content=b"--x\r\nbroken",
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 400
    assert_shape(answer)


def test_nothing_sent_comes_back_in_an_error(openai: OpenAI) -> None:
    secret = "a-secret-that-nobody-may-repeat"
    bad: list[dict[str, Any]] = [
        {"voice": secret},
        {"model": secret},
        {"response_format": secret},
        {"speed": secret},
        {"language": secret},
        {"voice": {secret: secret}},
        {"frequency": secret},
    ]
    for fields in bad:
        with pytest.raises((BadRequestError, NotFoundError)) as caught:
            openai.audio.speech.create(
                model="tts-1", voice="alloy", input="Hello.", extra_body={"model": "tone", **fields}
            )
        assert secret not in caught.value.response.text
