"""The order of packets: time is an argument, so nobody waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routers.webrtc.packets import MOST_WAITING, PATIENCE_SECONDS, PacketOrder


def order() -> PacketOrder[int]:
    return PacketOrder()


def test_what_comes_in_its_turn_goes_on_at_once() -> None:
    ours = order()
    assert [ours.push(n, n, 0.0) for n in (7, 8, 9)] == [[7], [8], [9]]
    assert ours.waits_until is None


def test_the_packet_behind_a_gap_waits_for_it() -> None:
    ours = order()
    ours.push(1, 1, 0.0)
    assert ours.push(3, 3, 1.0) == [] and ours.push(4, 4, 1.02) == []
    assert ours.waits_until == 1.0 + PATIENCE_SECONDS
    assert ours.push(2, 2, 1.04) == [2, 3, 4] and ours.waits_until is None


def test_a_gap_is_given_up_after_a_while_and_what_comes_later_is_late() -> None:
    ours = order()
    ours.push(1, 1, 0.0)
    ours.push(3, 3, 1.0)
    assert ours.due(1.0 + PATIENCE_SECONDS / 2) == [] and ours.due(1.0 + PATIENCE_SECONDS) == [3]
    assert ours.push(2, 2, 2.0) == [] and ours.late == 1
    assert ours.push(4, 4, 2.0) == [4]


def test_a_second_gap_is_waited_for_by_itself() -> None:
    ours = order()
    ours.push(1, 1, 0.0)
    ours.push(3, 3, 1.0)
    ours.push(5, 5, 1.05)
    assert ours.due(1.0 + PATIENCE_SECONDS) == [3]
    assert ours.waits_until == 1.0 + PATIENCE_SECONDS + PATIENCE_SECONDS


def test_no_more_than_so_many_wait() -> None:
    ours = order()
    ours.push(0, 0, 0.0)
    came = [ours.push(n, n, 0.0) for n in range(2, 2 + MOST_WAITING)]
    assert came[-1] == list(range(2, 2 + MOST_WAITING)) and not any(came[:-1])


def test_numbers_wrap_around() -> None:
    ours = order()
    numbers = [65_534, 65_535, 0, 1]
    assert [ours.push(n, n, 0.0) for n in numbers] == [[n] for n in numbers]


def test_another_stream_begins_where_it_likes() -> None:
    ours = order()
    ours.push(10, 10, 0.0)
    ours.push(12, 12, 0.0)
    assert ours.push(30_000, 30_000, 0.0) == [30_000] and ours.push(30_001, 30_001, 0.0) == [30_001]


def test_a_gap_is_given_up_at_the_time_that_was_told_whatever_it_rounds_to() -> None:
    ours, began = order(), 0.1 + 0.2
    ours.push(0, 0, began)
    ours.push(2, 2, began)
    until = ours.waits_until
    assert until is not None and until - began < PATIENCE_SECONDS and ours.due(until) == [2]


@given(st.permutations(range(30)), st.sets(st.integers(0, 29)))
def test_order_holds_whatever_is_lost_or_overtaken(came: list[int], lost: set[int]) -> None:
    ours, out = order(), list[int]()
    first = min((n for n in came if n not in lost), default=0)
    ours.push(first, first, 0.0)
    for n in came:
        if n not in lost and n != first:
            out += ours.push(n, n, 0.0)
    out += ours.due(PATIENCE_SECONDS)
    while (until := ours.waits_until) is not None:
        out += ours.due(until)
    assert out == sorted(set(range(30)) - lost - {first})
