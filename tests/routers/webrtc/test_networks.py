"""Calls across real networks, in which caller and server reach each other by a relay or through a NAT alone.

The voice and the ear are real: what each side hears of the other is speech.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiortc import RTCIceServer

from benchmarks.webrtc import HEARD
from benchmarks.webrtc_caller import Caller, calling
from routers.webrtc.ports import Site
from stts.settings import Settings, StorageSettings, TTSSettings
from stts.settings.webrtc import WebRTCSettings
from tests import patient
from tests.engines.speech import WORDS, share_heard
from tests.patience import PATIENCE
from tests.routers.compat.realtime.test_calls import SDP
from tests.routers.compat.realtime.test_calls_heard import SESSION, recording
from tests.routers.webrtc import namespaces
from tests.routers.webrtc.namespaces import CALLER, MIDDLE_INSIDE, MIDDLE_OUTSIDE, SERVER, TURN_PORT, Networks
from tests.routers.webrtc.test_offers import BROWSER
from tests.server import RunningServer, running

pytestmark = [pytest.mark.socket, pytest.mark.long]

NAME = "kitchen.flac"
LOWEST, HIGHEST = 50_000, 50_001
PORTS = f"{LOWEST}-{HIGHEST}"


@contextmanager
def house(networks: Networks, root: Path, **webrtc: Any) -> Iterator[RunningServer]:
    """A server that listens at loopback, as behind a reverse proxy, and takes calls at its address."""
    settings = Settings(
        tts=TTSSettings(order=("espeak",)),
        storage=StorageSettings(root=str(root / "data")),
        webrtc=WebRTCSettings.model_validate({"addresses": (SERVER,), **webrtc}),
    )
    with networks.inside("server"), running(settings) as server:
        yield server


@asynccontextmanager
async def call(networks: Networks, server: RunningServer, **options: Any) -> AsyncIterator[tuple[Caller, str]]:
    """A caller and the answer that it got. Offer and answer take a way of their own, as by an application's server."""
    async with (
        calling(Site((CALLER,), None, None), **options) as caller,
        patient.AsyncClient(base_url=server.url) as client,
    ):
        with networks.inside("caller"):
            offer = await caller.offer()
        answer = await client.post("/v1/realtime/calls?model=gpt-realtime", content=offer, headers=SDP)
        assert answer.status_code == 201, answer.text
        with networks.inside("caller"):
            await caller.take(answer.text)
        yield caller, answer.text


async def are_heard(caller: Caller) -> None:
    """Each side hears the other."""
    await caller.until("session.created")
    await caller.send("session.update", session=SESSION)
    await caller.until("session.updated")
    caller.voice.say(recording(NAME))
    await caller.until("output_audio_buffer.stopped")
    assert share_heard(WORDS[NAME], caller.of(HEARD)[0]["transcript"]) >= 0.8
    assert np.abs(caller.audio()).max() > 0.1


async def at_rest(networks: Networks, server: RunningServer) -> None:
    """Nothing of a call is left."""
    async with asyncio.timeout(PATIENCE):
        while server.services.calls.open_calls:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.01)
    assert networks.udp_ports("server") == set()


def candidates(answer: str, kind: str) -> set[str]:
    """Addresses that an answer offers, of one kind."""
    lines = [line.split() for line in answer.splitlines() if line.startswith("a=candidate:")]
    return {words[4] for words in lines if words[7] == kind}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_by_a_relay_of_the_server(tmp_path: Path, transport: str) -> None:
    url = f"turn:{MIDDLE_INSIDE}:{TURN_PORT}?transport={transport}"
    turn = {"url": url, "username": namespaces.USER, "credential": namespaces.PASSWORD}
    with (
        namespaces.networks("turnserver") as networks,
        namespaces.relay(networks, MIDDLE_INSIDE, MIDDLE_OUTSIDE),
        house(networks, tmp_path, ice_servers=[turn]) as server,
    ):
        async with call(networks, server) as (caller, answer):
            assert candidates(answer, "relay") == {MIDDLE_OUTSIDE}
            await are_heard(caller)
        await at_rest(networks, server)


async def test_by_a_relay_of_the_caller(tmp_path: Path) -> None:
    turn = RTCIceServer(f"turn:{MIDDLE_OUTSIDE}:{TURN_PORT}", namespaces.USER, namespaces.PASSWORD)
    with (
        namespaces.networks("turnserver") as networks,
        namespaces.relay(networks, MIDDLE_OUTSIDE, MIDDLE_INSIDE),
        house(networks, tmp_path) as server,
    ):
        async with call(networks, server, servers=[turn]) as (caller, answer):
            assert candidates(answer, "relay") == set()
            await are_heard(caller)
        await at_rest(networks, server)


async def test_behind_a_nat_that_a_stun_server_shows(tmp_path: Path) -> None:
    with (
        namespaces.networks("turnserver", "nft") as networks,
        namespaces.relay(networks, CALLER, CALLER, role="caller"),
        house(networks, tmp_path, ice_servers=[{"url": f"stun:{CALLER}:{TURN_PORT}"}]) as server,
    ):
        networks.forward()
        async with call(networks, server) as (caller, answer):
            assert candidates(answer, "srflx") == {MIDDLE_OUTSIDE}
            await are_heard(caller)
        await at_rest(networks, server)


async def test_behind_a_nat_that_forwards_its_ports(tmp_path: Path) -> None:
    """`public_address` and `ports`: no others are used, and where all are taken the next call is told so."""
    with (
        namespaces.networks("nft") as networks,
        house(networks, tmp_path, public_address=MIDDLE_OUTSIDE, ports=PORTS) as server,
    ):
        networks.forward(PORTS)
        async with call(networks, server) as (caller, answer), call(networks, server) as (_, other):
            assert candidates(answer, "host") == candidates(other, "host") == {MIDDLE_OUTSIDE, SERVER}
            await are_heard(caller)
            assert networks.udp_ports("server") == {LOWEST, HIGHEST}
            async with patient.AsyncClient(base_url=server.url) as client:
                full = await client.post("/v1/realtime/calls", content=BROWSER, headers=SDP)
            assert full.status_code == 503 and full.json()["error"]["message"] == "All ports of webrtc.ports are taken."
            assert int(full.headers["retry-after"]) > 0
        await at_rest(networks, server)
