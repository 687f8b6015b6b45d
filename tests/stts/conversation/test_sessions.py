from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stts.access.viewer import EVERYBODY, SERVER, Viewer
from stts.chat import Message
from stts.conversation.history import Item
from stts.conversation.sessions import SessionStore, StoredSession
from stts.errors import Conflict, NotFound
from stts.settings import ConversationSettings, Settings


@dataclass
class Desk:
    """Histories at a time and with settings of the test's."""

    now: float = 0.0
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        self.histories = SessionStore(lambda: self.settings, lambda: self.now)

    def set(self, **values: float) -> None:
        self.settings = Settings(conversation=ConversationSettings.model_validate(values))


def desk(**values: float) -> Desk:
    made = Desk()
    made.set(**values)
    return made


def test_a_session_goes_on_where_it_was_left() -> None:
    histories = desk().histories
    first = histories.begin(None)
    assert not first.resumed
    first.history.append(Item("a", Message("user", "hello")))
    histories.end(first)
    again = histories.begin(first.id)
    assert (again.id, again.resumed, again.history) == (first.id, True, first.history)
    assert again.history.messages() == (Message("user", "hello"),)


@pytest.mark.parametrize("other", [Viewer("b"), Viewer("b", sees_all=True), SERVER, EVERYBODY])
def test_a_session_is_for_who_began_it(other: Viewer) -> None:
    histories, anna = desk().histories, Viewer("a")
    kept = histories.begin(None, anna)
    with pytest.raises(NotFound):
        histories.check_began(kept.id, other)
    with pytest.raises(NotFound):
        histories.begin(kept.id, other)
    histories.end(kept)
    with pytest.raises(NotFound):
        histories.begin(kept.id, other)
    assert histories.begin(kept.id, Viewer("a", sees_all=True)).resumed


async def test_the_sessions_of_a_user_are_forgotten() -> None:
    histories, anna, bert = desk().histories, Viewer("a"), Viewer("b")
    left, running, other = histories.begin(None, anna), histories.begin(None, anna), histories.begin(None, bert)
    histories.end(left)
    assert await histories.remove_all("a") == 2
    assert await histories.remove_all("a") == 0
    histories.end(running)
    histories.end(other)
    for session in (left, running):
        with pytest.raises(NotFound):
            histories.begin(session.id, anna)
    assert histories.begin(other.id, bert).resumed and histories.stored == 0


def test_ids_differ_and_are_long() -> None:
    histories = desk().histories
    ids = {histories.begin(None).id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(id) == 32 for id in ids)


def test_one_session_at_a_time() -> None:
    histories = desk().histories
    kept = histories.begin(None)
    with pytest.raises(Conflict):
        histories.begin(kept.id)
    histories.end(kept)
    histories.begin(kept.id)
    with pytest.raises(Conflict):
        histories.begin(kept.id)


def test_an_id_of_nobody_s_is_refused_and_not_repeated() -> None:
    histories = desk().histories
    with pytest.raises(NotFound) as refused:
        histories.begin("nosuch")
    assert refused.value.param == "session"
    assert "nosuch" not in refused.value.message
    assert histories.active == 0


def test_time_runs_from_when_it_was_left() -> None:
    house = desk(resume_seconds=10)
    kept = house.histories.begin(None)
    house.now = 100.0
    house.histories.end(kept)
    house.now = 109.9
    kept = house.histories.begin(kept.id)
    house.now = 200.0
    house.histories.end(kept)
    house.now = 210.0
    with pytest.raises(NotFound):
        house.histories.begin(kept.id)
    assert house.histories.stored == 0


def test_those_left_first_go_first() -> None:
    house = desk(kept_sessions=2)
    sessions = [house.histories.begin(None) for _ in range(3)]
    for kept in (sessions[1], sessions[2], sessions[0]):
        house.histories.end(kept)
    with pytest.raises(NotFound):
        house.histories.begin(sessions[1].id)
    assert house.histories.begin(sessions[2].id).resumed
    assert house.histories.begin(sessions[0].id).resumed


@pytest.mark.parametrize("limits", [{"kept_sessions": 0}, {"resume_seconds": 0}])
def test_nothing_is_kept_where_nothing_may_be(limits: dict[str, float]) -> None:
    histories = desk(**limits).histories
    kept = histories.begin(None)
    histories.end(kept)
    with pytest.raises(NotFound):
        histories.begin(kept.id)


def test_changed_settings_hold_at_once() -> None:
    house = desk()
    for kept in [house.histories.begin(None) for _ in range(5)]:
        house.histories.end(kept)
    assert house.histories.stored == 5
    house.set(kept_sessions=2, history_messages=3)
    assert house.histories.stored == 2
    new = house.histories.begin(None).history
    for number in range(9):
        new.append(Item(str(number), Message("user", "hi")))
    assert len(new.items) == 3


class Sessions(RuleBasedStateMachine):
    """Whoever begins and ends what and when: the bounds hold, and nobody gets a history of somebody else's."""

    def __init__(self) -> None:
        super().__init__()
        self.house = desk(kept_sessions=3, resume_seconds=10)
        self.running: dict[str, StoredSession] = {}
        self.owners: dict[str, object] = {}

    @rule()
    def begin(self) -> None:
        kept = self.house.histories.begin(None)
        self.running[kept.id], self.owners[kept.id] = kept, kept.history

    @rule(number=st.integers(0, 9))
    def resume(self, number: int) -> None:
        if not self.owners:
            return
        id = list(self.owners)[number % len(self.owners)]
        try:
            kept = self.house.histories.begin(id)
        except Conflict:
            assert id in self.running
        except NotFound:
            assert id not in self.running
        else:
            assert id not in self.running
            assert kept.history is self.owners[id]
            self.running[id] = kept

    @rule(number=st.integers(0, 9))
    def end(self, number: int) -> None:
        if self.running:
            self.house.histories.end(self.running.pop(list(self.running)[number % len(self.running)]))

    @rule(seconds=st.floats(0, 20))
    def wait(self, seconds: float) -> None:
        self.house.now += seconds

    @invariant()
    def bounded(self) -> None:
        assert self.house.histories.stored <= 3
        assert self.house.histories.active == len(self.running)


TestSessions = Sessions.TestCase
