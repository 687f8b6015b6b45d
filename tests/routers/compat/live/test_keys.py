"""Sessions belong to whoever began them, and end with their key: with a code at which clients do not come again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import pytest
from websockets.exceptions import ConnectionClosed

from benchmarks.webrtc_caller import calling
from tests import patient
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.routers.compat.live.talk import SIDEBAND_EVENTS, Talk, connected, sideband

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(Path(tmp_path_factory.mktemp("live")) / "data")) as house:
        yield house


@asynccontextmanager
async def client(house: Keyed, key: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with patient.AsyncOpenAI(base_url=f"{house.server.url}/v1", api_key=key, max_retries=0) as client:
        yield client


async def test_a_key_that_ends_ends_its_sessions(house: Keyed) -> None:
    key = house.key(role="write")
    async with client(house, key["key"]) as caller, connected(caller) as connection:
        talk = Talk(connection)
        await talk.start()
        house.admin.delete(f"/admin/keys/{key['id']}")
        assert (await talk.error())["code"] == "invalid_api_key"
        assert (await talk.until("session.closed"))["reason"] == "connection_lost"
        with pytest.raises(ConnectionClosed) as ended:
            while True:
                await talk.next()
        assert ended.value.rcvd is not None and ended.value.rcvd.code == 1008


async def test_only_the_user_who_began_a_session_attaches_to_it_or_ends_it(house: Keyed) -> None:
    own, other = house.key(role="write"), house.key(role="write")
    same = house.key(role="write", user_id=own["user_id"])
    async with (
        client(house, own["key"]) as caller,
        client(house, other["key"]) as stranger,
        client(house, same["key"]) as friend,
        connected(caller) as connection,
    ):
        talk = Talk(connection)
        session = await talk.start()
        with pytest.raises(Exception, match="HTTP 404"):
            async with sideband(stranger, session["id"]):
                pass
        with pytest.raises(openai.NotFoundError):
            await stranger.live.sessions.hangup(session["id"])
        async with sideband(friend, session["id"]) as attached:
            await Talk(attached, SIDEBAND_EVENTS).until("session.started")
            await friend.live.sessions.hangup(session["id"])
            assert (await talk.until("session.closed"))["reason"] == "close_requested"


async def test_a_call_is_ended_only_by_who_began_it_or_an_administrator(house: Keyed) -> None:
    own, other = house.key(role="write"), house.key(role="write")
    async with calling() as caller:
        with house.client(own["key"]) as phone:
            headers = {"Content-Type": "application/sdp"}
            answer = phone.post("/v1/realtime/calls", content=await caller.offer(), headers=headers)
            assert answer.status_code == 201, answer.text
        await caller.take(answer.text)
        await caller.until("session.created")
        path = f"{answer.headers['location']}/hangup"
        with house.client(other["key"]) as stranger:
            assert stranger.post(path).status_code == 404
        await caller.send("session.update", session={"type": "realtime"})
        await caller.until("session.updated")
        assert house.admin.post(path).status_code == 200
        await asyncio.wait_for(caller.closed.wait(), PATIENCE)
