"""Quotas, places and idle sockets of Deepgram's clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from routers.dialects import DIALECTS
from stts.settings import LimitSettings
from tests import patient
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.routers.compat.deepgram.caller import HEADERS, RAW, Caller, calling
from tests.routers.websocket.caller import silence, spoken
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    settings = keyed_settings(tmp_path_factory.mktemp("quotas"))
    with keyed_server(settings, dialects=(*DIALECTS, "deepgram")) as keyed:
        yield keyed


@asynccontextmanager
async def limited(keyed: Keyed, path: str, **limits: int) -> AsyncIterator[tuple[Caller, dict[str, str]]]:
    issued = await asyncio.to_thread(lambda: keyed.key(limits=limits))
    headers = {"Authorization": f"Token {issued['key']}"}
    async with patient.connect(f"ws{keyed.server.url[4:]}{path}", additional_headers=headers) as connection:
        yield Caller(connection), headers


async def test_a_stream_ends_when_its_quota_does(keyed: Keyed) -> None:
    path = "/v1/listen?model=echo&encoding=linear16&sample_rate=16000"
    async with limited(keyed, path, audio_seconds_in_per_day=4) as (caller, headers):
        for _ in range(4):
            await caller.say(spoken(1.6), silence(1.0))
        await caller.ended()
        assert (caller.code, caller.reason.split()[0]) == (1008, "quota_exceeded")
        (error,) = caller.of("Error")
        assert error is caller.messages[-1] and error["variant"] == "ASR_PAYMENT_REQUIRED"
        assert caller.texts()[0]
    refused = patient.post(f"{keyed.server.url}/v1/listen?model=echo", content=b"x" * 99, headers=headers)
    assert refused.status_code in (400, 402)


async def test_speech_ends_when_its_quota_does(keyed: Keyed) -> None:
    async with limited(keyed, "/v1/speak?model=tone", characters_per_day=20) as (caller, headers):
        for text in ("Ten chars.", "Twenty characters!!!"):
            await caller.send("Speak", text=text)
            await caller.send("Flush")
        await caller.ended()
        assert (caller.code, caller.reason.split()[0]) == (1008, "quota_exceeded")
    refused = patient.post(f"{keyed.server.url}/v1/speak?model=tone", json={"text": "More."}, headers=headers)
    assert (refused.status_code, refused.json()["err_code"]) == (402, "ASR_PAYMENT_REQUIRED")


@pytest.fixture(params=[{}])
def narrow(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    limits = LimitSettings(live_sessions=1, place_seconds=0.05, **request.param)
    settings = keyed_settings(tmp_path).model_copy(update={"limits": limits})
    settings = settings.model_copy(update={"security": type(settings.security)()})
    with running(settings, registry(), dialects=("deepgram",)) as server:
        yield server


async def test_no_place(narrow: RunningServer) -> None:
    async with calling(narrow, **RAW):
        with pytest.raises(InvalidStatus) as caught:
            await patient.connect(f"ws{narrow.url[4:]}/v1/listen", additional_headers=HEADERS)
        assert caught.value.response.status_code == 503
        assert json.loads(caught.value.response.body or b"{}")["err_code"] == "Service Unavailable"


@pytest.mark.parametrize("narrow", [{"idle_seconds": 0.5}], indirect=True)
async def test_nothing_heard(narrow: RunningServer) -> None:
    async with calling(narrow, **RAW) as caller:
        await caller.ended()
    assert (caller.code, caller.reason.split()[0]) == (1011, "NET-0001")


async def test_a_server_that_stops_says_so(narrow: RunningServer) -> None:
    async with calling(narrow, **RAW) as caller:
        narrow.stop()
        await caller.ended()
    assert (caller.code, caller.reason.split()[0]) == (1012, "shutting_down")
