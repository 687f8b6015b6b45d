"""Function calls need their outputs before the app may ask for the next response."""

from __future__ import annotations

import pytest

from routers.compat.live.delegation.function_calls import MOST_REMEMBERED, FunctionCalls
from stts.errors import InvalidParameter, InvalidRequest


def called(*calls: tuple[str, int]) -> FunctionCalls:
    made = FunctionCalls()
    for id, generation in calls:
        made.add(id, generation, f"item_{id}", "delegation_1")
    return made


def test_the_calls_of_the_latest_response_need_an_output() -> None:
    calls = called(("a", 1))
    with pytest.raises(InvalidRequest, match="a"):
        calls.check_complete(1)
    assert calls.answer("a") == "delegation_1"
    calls.check_complete(1)


def test_calls_that_the_conversation_has_left_behind_need_none() -> None:
    called(("a", 1), ("b", 1)).check_complete(2)


def test_a_batch_that_was_begun_is_answered_whole_however_old() -> None:
    calls = called(("a", 1), ("b", 1), ("c", 1))
    calls.answer("b")
    with pytest.raises(InvalidRequest, match="a, c"):
        calls.check_complete(2)
    for id in ("a", "c"):
        calls.answer(id)
    calls.check_complete(2)


def test_the_calls_of_a_failed_response_are_void_and_their_outputs_refused() -> None:
    calls = called(("a", 1), ("b", 1), ("c", 2))
    calls.answer("a")
    assert calls.void(1) == ["item_b"]
    with pytest.raises(InvalidParameter, match="No such"):
        calls.answer("b")
    with pytest.raises(InvalidRequest, match="c"):
        calls.check_complete(2)


def test_the_oldest_calls_are_forgotten() -> None:
    calls = called(*((str(number), number) for number in range(MOST_REMEMBERED + 1)))
    with pytest.raises(InvalidParameter):
        calls.answer("0")
    calls.answer("1")


def test_an_id_that_comes_again_is_another_call() -> None:
    calls = called(("call_0", 1))
    assert calls.fresh_id("call_1") == "call_1"
    assert calls.fresh_id("call_0") != "call_0"
