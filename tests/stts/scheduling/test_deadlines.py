from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stts.errors import Busy
from stts.scheduling.deadlines import Scheduler, Ticket

ANY_LENGTH = 10_000


def join(scheduler: Scheduler, deadline: float, now: float = 0.0, *, begun: bool = False, length: int = 64) -> Ticket:
    return scheduler.join(deadline, now, begun=begun, queue_length=length)


def test_a_free_engine_takes_work_at_once() -> None:
    scheduler = Scheduler(1)
    ticket = join(scheduler, 0.0)
    assert scheduler.grant(0.0) == [ticket]
    assert (scheduler.running, scheduler.waiting) == (1, 0)


def test_the_most_urgent_goes_first_and_equals_as_they_came() -> None:
    scheduler = Scheduler(10)
    late, first, second, background, past = (join(scheduler, at) for at in (5.0, 1.0, 1.0, math.inf, -3.0))
    assert scheduler.grant(0.0) == [past, first, second, late, background]


def test_a_flood_of_new_streams_does_not_starve_one_that_has_begun() -> None:
    scheduler = Scheduler(1)
    begun = join(scheduler, 5.0, begun=True)
    order = []
    for second in range(10):
        join(scheduler, float(second), now=float(second))
        (running,) = scheduler.grant(float(second))
        order.append(running)
        scheduler.leave(running, second + 1.0)
    assert order.index(begun) == 5


def test_a_full_queue_refuses_new_streams_and_no_others() -> None:
    scheduler = Scheduler(1)
    join(scheduler, 0.0, length=2)
    scheduler.grant(0.0)
    join(scheduler, 0.0, length=2)
    join(scheduler, 0.0, begun=True, length=2)
    join(scheduler, 0.0, length=2)
    with pytest.raises(Busy):
        join(scheduler, 0.0, length=2)
    join(scheduler, 0.0, begun=True, length=2)
    assert scheduler.waiting == 4


def test_leaving_frees_the_place_in_the_queue() -> None:
    scheduler = Scheduler(1)
    running = join(scheduler, 0.0)
    scheduler.grant(0.0)
    waiting = join(scheduler, 0.0, length=1)
    scheduler.leave(waiting, 1.0)
    other = join(scheduler, 0.0, length=1)
    scheduler.leave(running, 1.0)
    assert scheduler.grant(1.0) == [other]


@pytest.mark.parametrize(
    ("begun", "deadline", "expires"), [(False, 3.0, 40.0), (False, 90.0, 40.0), (True, 3.0, 40.0), (True, 90.0, 120.0)]
)
def test_patience_of_a_begun_stream_counts_from_its_deadline(begun: bool, deadline: float, expires: float) -> None:
    assert join(Scheduler(1), deadline, now=10.0, begun=begun).expires(30.0) == expires


def test_the_advice_to_come_back_follows_the_measured_rate() -> None:
    scheduler = Scheduler(2)
    assert scheduler.retry_after(0.0) == 1.0
    for start in (0.0, 10.0, 20.0):
        ticket = join(scheduler, start, now=start)
        scheduler.grant(start)
        scheduler.leave(ticket, start + 8.0)
    assert scheduler.retry_after(30.0) == 4.0
    for _ in range(5):
        join(scheduler, 30.0, now=30.0)
    scheduler.grant(30.0)
    assert scheduler.retry_after(30.0) == 16.0
    assert scheduler.retry_after(60.0) == 60.0, "a call that takes longer than any before counts already"
    assert scheduler.retry_after(1e9) == 600.0


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.integers(1, 4))
def test_the_advice_stays_within_the_longest_service(services: list[float], capacity: int) -> None:
    scheduler, now = Scheduler(capacity), 0.0
    for seconds in services:
        ticket = join(scheduler, now, now)
        scheduler.grant(now)
        now += seconds
        scheduler.leave(ticket, now)
    assert 1.0 <= scheduler.retry_after(now) <= max(1.0, math.ceil(max(services) / capacity) + 1)


class AnyOrder(RuleBasedStateMachine):
    """Joins, grants, ends and departures in any order, against a plain list of who is where."""

    @initialize(capacity=st.integers(1, 4))
    def start(self, capacity: int) -> None:
        self.capacity = capacity
        self.scheduler = Scheduler(capacity)
        self.now = 0.0
        self.waiting: list[Ticket] = []
        self.running: list[Ticket] = []

    @rule(seconds=st.floats(0, 10))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(ahead=st.one_of(st.floats(-10, 100), st.just(math.inf)), begun=st.booleans())
    def join(self, ahead: float, begun: bool) -> None:
        new = sum(not ticket.begun for ticket in self.waiting)
        try:
            self.waiting.append(self.scheduler.join(self.now + ahead, self.now, begun=begun, queue_length=3))
        except Busy:
            assert not begun and new >= 3 and len(self.running) == self.capacity

    @rule()
    def grant(self) -> None:
        granted = self.scheduler.grant(self.now)
        assert granted == sorted(self.waiting, key=lambda ticket: ticket.order)[: len(granted)]
        self.waiting = [ticket for ticket in self.waiting if ticket not in granted]
        self.running += granted
        assert not self.waiting or len(self.running) == self.capacity, "a lane idles while work waits"

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        if everybody := self.waiting + self.running:
            ticket = data.draw(st.sampled_from(everybody))
            (self.waiting if ticket in self.waiting else self.running).remove(ticket)
            self.scheduler.leave(ticket, self.now)

    @invariant()
    def nobody_is_lost_and_the_capacity_holds(self) -> None:
        assert self.scheduler.waiting == len(self.waiting)
        assert self.scheduler.running == len(self.running) <= self.capacity


TestAnyOrder = AnyOrder.TestCase
