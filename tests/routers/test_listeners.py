"""Two listeners in one process and event loop: keys, limits and dialects of their own over the same services."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from middleware.listener import ListenerSettings, OutputDefaults, default_listener
from middleware.serving.listeners import serve
from middleware.serving.server import HTTPListener, server_config
from routers.app import build_app
from routers.services import Services, build_services
from stts.settings import LimitSettings, SecuritySettings, Settings
from tests import patient
from tests.fakes import registry
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket

SERVICE_RESTART = 1012


@dataclass
class Pair:
    """Two addresses of one server."""

    services: Services
    house: str
    street: str
    ended: asyncio.Task[None]


def listeners_of(services: Services) -> tuple[ListenerSettings, ListenerSettings]:
    """One for the house, with everything; one for the street, where only OpenAI's dialect is spoken."""
    house = default_listener(services.settings, ("native", "openai", "management"))
    house = replace(house, name="house", security=SecuritySettings(api_key=SecretStr("house-key")), drain_seconds=1.0)
    street = replace(
        house,
        name="street",
        dialects=("openai",),
        security=SecuritySettings(api_key=SecretStr("street-key"), public_lists=False),
        limits=lambda: LimitSettings(json_bytes=1024),
        output=lambda: OutputDefaults("mp3"),
    )
    return house, street


@asynccontextmanager
async def both(settings: Settings) -> AsyncIterator[Pair]:
    services = build_services(settings, registry=registry())
    ready = asyncio.Event()
    with ExitStack() as sockets:
        listening = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        ports = [each.getsockname()[1] for each in listening]
        listeners = []
        for listener, listens in zip(listeners_of(services), listening, strict=True):
            app = build_app(services, listener)
            listeners.append(HTTPListener(server_config(app, listener, app.state.route_table), listens))
        ended = asyncio.create_task(serve(listeners, services.lifecycle, ready.set))
        try:
            await asyncio.wait_for(ready.wait(), PATIENCE)
            yield Pair(services, f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", ended)
        finally:
            services.lifecycle.stop()
            await asyncio.wait_for(ended, PATIENCE)
            await services.engines.close()


async def test_each_has_its_own_key_limits_and_words_for_errors(settings: Settings) -> None:
    async with both(settings) as pair, patient.AsyncClient() as client:

        async def ask(address: str, path: str, key: str, characters: int = 0) -> tuple[int, str | None]:
            headers = {"X-API-Key": key}
            body = {"model": "tone", "voice": "low", "text": "a" * characters, "input": "a" * characters}
            if not characters:
                answer = await client.get(f"http://{address}{path}", headers=headers)
            else:
                answer = await client.post(f"http://{address}{path}", headers=headers, json=body)
            kind = answer.headers.get("content-type") if answer.is_error else None
            return answer.status_code, kind

        openai, problem = "application/json", "application/problem+json"
        assert await ask(pair.house, "/v1/models", "house-key") == (200, None)
        assert await ask(pair.house, "/v1/models", "street-key") == (401, openai)
        assert await ask(pair.street, "/v1/models", "street-key") == (200, None)
        assert await ask(pair.street, "/v1/models", "house-key") == (401, openai)
        assert await ask(pair.house, "/v1/audio/voices", "") == (200, None)
        assert await ask(pair.street, "/v1/audio/voices", "") == (401, openai)
        assert await ask(pair.street, "/v1/audio/speech", "street-key", 2000) == (413, openai)
        assert await ask(pair.house, "/v1/audio/speech", "house-key", 1000) == (200, None)
        assert await ask(pair.house, "/voices", "") == (401, problem)
        assert await ask(pair.street, "/config", "street-key") == (404, problem)
        assert await ask(pair.house, "/v1/nowhere", "house-key") == (404, openai)


async def test_services_are_shared(settings: Settings) -> None:
    async with both(settings) as pair, patient.AsyncClient() as client:
        spoken = {"model": "tone", "voice": "low", "input": "Hello."}
        key = {"X-API-Key": "street-key"}
        assert (await client.post(f"http://{pair.street}/v1/audio/speech", headers=key, json=spoken)).status_code == 200
        key = {"X-API-Key": "house-key"}
        engine = (await client.get(f"http://{pair.house}/engines/tone", headers=key)).json()
        assert engine["state"] == "ready"


async def test_both_drain(settings: Settings) -> None:
    async with both(settings) as pair:
        house = await patient.connect(f"ws://{pair.house}/ws/tts", additional_headers={"X-API-Key": "house-key"})
        key = {"X-API-Key": "street-key"}
        street = await patient.connect(f"ws://{pair.street}/v1/realtime?model=auto", additional_headers=key)
        await street.recv()
        assert pair.services.limiter.open == 2
        pair.services.lifecycle.stop()
        assert [await code(house), await code(street)] == [SERVICE_RESTART] * 2
        await asyncio.wait_for(asyncio.shield(pair.ended), PATIENCE)
        assert pair.services.limiter.open == 0
        for address in (pair.house, pair.street):
            host, port = address.split(":")
            with socket.socket() as client:
                assert client.connect_ex((host, int(port))) != 0


async def code(client: ClientConnection) -> int | None:
    """The close code, after an error that says why."""
    told = []
    try:
        while True:
            told.append(json.loads(await client.recv()))
    except ConnectionClosed as closed:
        assert told[-1]["type"] == "error"
        return closed.rcvd.code if closed.rcvd is not None else None
