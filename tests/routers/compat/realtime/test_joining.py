"""Connections of the official client that join a call while it runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from routers.compat.realtime.joining import MOST_EVENTS, MOST_JOINED, Guest, Guests
from stts.errors import Busy, Conflict
from tests import patient
from tests.patient import PATIENCE
from tests.routers.compat.realtime.conftest import Served
from tests.routers.compat.realtime.talk import Talk
from tests.routers.compat.realtime.test_calls import call

pytestmark = pytest.mark.socket


@asynccontextmanager
async def joined(served: Served, location: str) -> AsyncIterator[Talk]:
    async with (
        served.client() as client,
        patient.realtime(client, call_id=location.rpartition("/")[2]) as connection,
    ):
        yield await Talk.greeted(connection)


async def refusal(served: Served, call_id: str, key: str = "the-key") -> dict[str, Any]:
    async with served.client(key) as client, patient.realtime(client, call_id=call_id) as connection:
        async with asyncio.timeout(PATIENCE):
            told: dict[str, Any] = json.loads(await connection.recv_bytes())
        assert told["type"] == "error" and told["error"]["param"] == "call_id", told
        return told["error"]  # type: ignore[no-any-return]


async def test_both_command_the_call_and_both_are_told(served: Served) -> None:
    async with call(served) as caller:
        await caller.until("session.created")
        async with joined(served, caller.location) as talk, joined(served, caller.location) as other:
            assert talk.events[0]["session"]["model"] == "gpt-realtime"
            await talk.update(instructions="Be brief.")
            assert (await caller.until("session.updated"))["session"]["instructions"] == "Be brief."
            await talk.write("Good morning.")
            await talk.send("response.create")
            begun = await caller.until("output_audio_buffer.started")
            done = await talk.until("response.done")
            assert done["response"]["status"] == "completed" and done["response"]["id"] == begun["response_id"]
            await caller.until("output_audio_buffer.stopped")
            await talk.until("output_audio_buffer.stopped")
            await caller.send("input_audio_buffer.clear")
            await talk.until("input_audio_buffer.cleared")
            await talk.send("conversation.item.delete", item_id="none", event_id="mine")
            assert (await talk.until("error"))["error"]["event_id"] == "mine"
            await other.until("input_audio_buffer.cleared")
            assert not caller.of("error") and not [each for each in other.events if each["type"] == "error"]
            assert not [each for each in talk.events if each["type"] == "response.output_audio.delta"]


async def test_it_ends_with_the_call_which_goes_on_without_it(served: Served) -> None:
    async with call(served) as caller:
        await caller.until("session.created")
        async with joined(served, caller.location):
            pass
        async with joined(served, caller.location) as talk, served.client() as client:
            await client.realtime.calls.hangup(caller.location.rpartition("/")[2])
            await asyncio.wait_for(caller.closed.wait(), PATIENCE)
            with pytest.raises(ConnectionClosed) as ended:
                while True:
                    await talk.next()
            assert ended.value.rcvd is not None and ended.value.rcvd.code == 1000
        assert (await refusal(served, caller.location.rpartition("/")[2]))["code"] == "not_found"


async def test_a_call_that_nobody_has_begun_is_not_joined(served: Served) -> None:
    assert "no such call" in (await refusal(served, "rtc_none"))["message"]


async def test_the_secret_of_a_page_joins_no_call(guarded: Served) -> None:
    async with guarded.client() as client:
        secret = (await client.realtime.client_secrets.create(session={"type": "realtime"})).value
    async with call(guarded) as caller:
        await caller.until("session.created")
        error = await refusal(guarded, caller.location.rpartition("/")[2], secret)
    assert error["code"] == "forbidden"


async def test_no_more_than_a_few_join_one_call_and_none_falls_behind() -> None:
    closed: list[Exception] = []
    guests, socket = Guests(), SimpleNamespace(close_with=closed.append)
    joined = [Guest(socket) for _ in range(MOST_JOINED + 1)]  # type: ignore[arg-type]
    for guest in joined[:MOST_JOINED]:
        guests.join(guest)
    with pytest.raises(Conflict):
        guests.join(joined[-1])
    for _ in range(MOST_EVENTS):
        joined[0].tell({"type": "error"})
    assert not closed
    joined[0].tell({"type": "error"})
    assert isinstance(closed[0], Busy)
