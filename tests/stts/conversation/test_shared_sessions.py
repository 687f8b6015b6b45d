"""Sessions of one server whose client comes back at another of its workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from routers.sockets.session_holders import SessionHolders
from stts.access.principal import ANONYMOUS, Principal
from stts.access.viewer import SERVER, Viewer
from stts.chat import Message, ToolCall
from stts.conversation.history import History, Item
from stts.conversation.sessions import SessionStore
from stts.conversation.shared_sessions import SharedSessions, from_plain, to_plain
from stts.errors import Conflict, NotFound, STTSError
from stts.settings import ConversationSettings, Settings
from tests.stts.peers.crowd import Crowd, crowd

pytestmark = pytest.mark.socket

ANNA = Viewer("anna")


class Desk:
    """Sessions of one worker, and the connections that hold them."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.holders = SessionHolders()

    async def opened(self, them: Crowd) -> Desk:
        self.peers = await them.joined()
        self.peers.on("sessions.let_go", self.holders.take_over)
        self.sessions = SessionStore(self.current, shared=SharedSessions(self.peers, self.current))
        return self

    def current(self) -> Settings:
        return self.settings


@asynccontextmanager
async def desks(count: int) -> AsyncIterator[tuple[Crowd, list[Desk]]]:
    async with crowd() as them:
        yield them, [await Desk().opened(them) for _ in range(count)]


class Connection:
    """One that ends as soon as it is asked to."""

    principal: Principal = ANONYMOUS
    network = ""
    listener: str | None = None

    def __init__(self) -> None:
        self.ended = asyncio.get_running_loop().create_future()

    def close_with(self, error: STTSError) -> None:
        self.ended.set_result(error)


def said(words: str) -> Item:
    return Item(words, Message("user", words))


async def test_a_session_that_was_left_goes_on_at_another_worker() -> None:
    async with desks(2) as (_, (one, other)):
        session = one.sessions.begin(None, ANNA)
        session.history.append(said("hello"))
        assert await other.sessions.counts() == (1, 0)
        one.sessions.end(session)
        assert await other.sessions.counts() == (0, 1)
        await other.sessions.bring(session.id, ANNA)
        again = other.sessions.begin(session.id, ANNA)
        assert (again.id, again.resumed, again.history.items) == (session.id, True, (said("hello"),))
        other.sessions.end(again)
        await one.sessions.bring(session.id, ANNA)
        assert one.sessions.begin(session.id, ANNA).resumed


async def test_a_session_outlives_the_worker_that_it_was_left_at() -> None:
    async with desks(2) as (them, (one, other)):
        session = one.sessions.begin(None, ANNA)
        one.sessions.end(session)
        await them.gone(one.peers)
        await other.sessions.bring(session.id, ANNA)
        assert other.sessions.begin(session.id, ANNA).resumed


@pytest.mark.parametrize("who", [SERVER, Viewer("bert"), Viewer("bert", sees_all=True)])
async def test_a_session_of_somebody_else_is_not_there(who: Viewer) -> None:
    async with desks(2) as (_, (one, other)):
        running, left = one.sessions.begin(None, ANNA), one.sessions.begin(None, ANNA)
        one.sessions.end(left)
        for session in (running, left):
            await other.sessions.bring(session.id, who, takes_over=True)
            with pytest.raises(NotFound):
                other.sessions.begin(session.id, who)
        await other.sessions.bring(left.id, ANNA)
        assert other.sessions.begin(left.id, ANNA).resumed


@pytest.mark.parametrize("newer", [0, 1], ids=["same worker", "another worker"])
async def test_an_older_connection_is_ended_first(newer: int) -> None:
    async with desks(2) as (_, workers):
        one, other = workers[0], workers[newer]
        session, older = one.sessions.begin(None, ANNA), Connection()

        async def converse() -> None:
            async with one.holders.held(session.id, older):
                await older.ended
                session.history.append(said("the last words"))
                one.sessions.end(session)

        conversing = asyncio.create_task(converse())
        await asyncio.sleep(0)
        await other.holders.take_over(session.id)
        await other.sessions.bring(session.id, ANNA, takes_over=True)
        again = other.sessions.begin(session.id, ANNA)
        assert again.history.items == (said("the last words"),)
        assert isinstance(older.ended.result(), Conflict)
        await conversing


async def test_what_goes_on_at_another_worker_is_a_conflict_where_it_is_not_taken_over() -> None:
    async with desks(2) as (_, (one, other)):
        session = one.sessions.begin(None, ANNA)
        for takes_over in (False, True):  # by HTTP nobody holds it
            with pytest.raises(Conflict):
                await other.sessions.bring(session.id, ANNA, takes_over=takes_over)
        one.sessions.end(session)
        await other.sessions.bring(session.id, ANNA)
        assert other.sessions.begin(session.id, ANNA).resumed


async def test_a_session_that_was_brought_for_nobody_goes_back() -> None:
    async with desks(2) as (_, (one, other)):
        session = one.sessions.begin(None, ANNA)
        one.sessions.end(session)
        bringing = asyncio.create_task(other.sessions.bring(session.id, ANNA))
        await asyncio.sleep(0)
        bringing.cancel()
        await asyncio.wait([bringing])
        while (await one.sessions.counts())[1] == 0 or other.sessions.stored:
            pass
        await one.sessions.bring(session.id, ANNA)
        assert one.sessions.begin(session.id, ANNA).resumed


async def test_the_oldest_are_forgotten_first_and_all_of_a_user_at_once() -> None:
    async with desks(2) as (_, (one, other)):
        one.settings = Settings(conversation=ConversationSettings(kept_sessions=2))
        left = [one.sessions.begin(None, ANNA) for _ in range(3)]
        for session in left:
            one.sessions.end(session)
        assert await other.sessions.counts() == (0, 2)
        running = other.sessions.begin(None, ANNA)
        assert await other.sessions.remove_all("anna") == 3
        other.sessions.end(running)
        assert await one.sessions.counts() == (0, 0)


async def test_what_was_left_too_long_ago_is_not_taken() -> None:
    async with desks(2) as (_, (one, other)):
        session = one.sessions.begin(None, ANNA)
        one.sessions.end(session)
        assert await other.sessions.counts() == (0, 1)
        other.settings = Settings(conversation=ConversationSettings(resume_seconds=0))
        await other.sessions.bring(session.id, ANNA)
        with pytest.raises(NotFound):
            other.sessions.begin(session.id, ANNA)


async def test_without_whoever_keeps_them_a_worker_keeps_its_own() -> None:
    async with desks(1) as (them, (one,)):
        await them.gone(one.peers)
        session = one.sessions.begin(None, ANNA)
        one.sessions.end(session)
        assert await one.sessions.counts() == (0, 1)
        await one.sessions.bring(session.id, ANNA)
        assert one.sessions.begin(session.id, ANNA).resumed


def test_a_history_is_the_same_as_plain_values() -> None:
    history = History(10, 1000)
    history.append(Item("a", Message("system", "be kind")))
    history.append(Item("b", Message("assistant", "", (ToolCall("1", "look", "{}"),)), "incomplete"))
    history.append(Item("c", Message("tool", "found", call_id="1"), "in_progress"))
    assert from_plain(to_plain(history), History(10, 1000)).items == history.items
