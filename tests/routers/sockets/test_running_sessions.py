"""Sessions that run are found by whoever began them, and by nobody else."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from routers.sockets.running_sessions import RunningSessions
from stts.access.viewer import SERVER, Viewer
from stts.errors import NotFound
from tests.stts.peers.crowd import crowd


class Session:
    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.ended = 0

    def hang_up(self) -> None:
        self.ended += 1


def test_a_session_is_found_while_it_runs() -> None:
    sessions, session = RunningSessions(), Session(Viewer("anna"))
    with sessions.running("live_1", session):
        assert sessions.find("live_1", Viewer("anna")) is session
        assert len(sessions) == 1
    assert len(sessions) == 0
    with pytest.raises(NotFound):
        sessions.find("live_1", Viewer("anna"))


def test_a_session_is_hung_up_once() -> None:
    sessions, session = RunningSessions(), Session(Viewer("anna"))
    with sessions.running("live_1", session):
        with pytest.raises(NotFound):
            sessions.hang_up("live_1", Viewer("berta"))
        sessions.hang_up("live_1", Viewer("anna"))
        with pytest.raises(NotFound):
            sessions.hang_up("live_1", Viewer("anna"))
    assert session.ended == 1


def test_administrators_hang_up_what_others_began() -> None:
    sessions, session, admin = RunningSessions(), Session(Viewer("anna")), Viewer("admin", sees_all=True)
    with sessions.running("live_1", session):
        sessions.hang_up("live_1", admin)
        with pytest.raises(NotFound):
            sessions.hang_up("live_1", admin)
    assert session.ended == 1


def test_a_session_takes_the_place_of_what_stood_for_it() -> None:
    sessions, call, session = RunningSessions(), Session(SERVER), Session(SERVER)
    with sessions.running("live_1", call):
        with sessions.running("live_1", session):
            sessions.hang_up("live_1", SERVER)
        assert (call.ended, session.ended) == (0, 1)
        assert len(sessions) == 0


@pytest.mark.parametrize("viewer", [Viewer("berta"), Viewer(), SERVER, Viewer("admin", sees_all=True)])
def test_what_others_began_is_for_nobody_else(viewer: Viewer) -> None:
    sessions = RunningSessions()
    with sessions.running("live_1", Session(Viewer("anna"))), pytest.raises(NotFound):
        sessions.find("live_1", viewer)


def test_a_session_without_a_user_belongs_to_the_server() -> None:
    sessions, session = RunningSessions(), Session(SERVER)
    with sessions.running("live_1", session):
        assert sessions.find("live_1", SERVER) is session


def test_metrics_tell_how_many_there_are() -> None:
    registry = CollectorRegistry()
    sessions = RunningSessions(registry)
    with sessions.running("live_1", Session(SERVER)):
        assert registry.get_sample_value("stts_live_sessions") == 1
    assert registry.get_sample_value("stts_live_sessions") == 0


@pytest.mark.socket
async def test_a_session_at_another_worker_is_hung_up() -> None:
    async with crowd() as them:
        here, there = [RunningSessions(peers=await them.joined()) for _ in range(2)]
        session = Session(Viewer("anna"))
        with there.running("live_1", session):
            for viewer in (Viewer("berta"), Viewer("anna")):
                with pytest.raises(NotFound):
                    await here.hang_up_anywhere("live_2", viewer)
            with pytest.raises(NotFound):
                await here.hang_up_anywhere("live_1", Viewer("berta"))
            await here.hang_up_anywhere("live_1", Viewer("anna"))
            with pytest.raises(NotFound):
                await here.hang_up_anywhere("live_1", Viewer("anna"))
        assert session.ended == 1
