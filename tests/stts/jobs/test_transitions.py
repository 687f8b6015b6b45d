"""States of batches: what is in the table happens, anything else is refused in words and changes nothing."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from stts.errors import Conflict
from stts.jobs.transitions import TRANSITIONS, BatchEvent, ended_as, next_state
from stts.jobs.values import ENDED, UNFINISHED, BatchState

STATES: tuple[BatchState, ...] = get_args(BatchState)
EVENTS: tuple[BatchEvent, ...] = get_args(BatchEvent)


@pytest.mark.parametrize(("state", "event"), list(product(STATES, EVENTS)))
def test_a_pair_that_is_not_in_the_table_is_refused(state: BatchState, event: BatchEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) in STATES
        return
    with pytest.raises(Conflict, match=f"is {state} cannot"):
        next_state(state, event)


def test_every_state_but_a_draft_can_be_cancelled_or_stays_as_it_ended() -> None:
    assert {next_state(state, "cancel") for state in UNFINISHED} == {"cancelled"}
    assert [next_state(state, "cancel") for state in ENDED] == list(ENDED)


def test_the_refusal_says_what_is_possible() -> None:
    with pytest.raises(Conflict, match=r"^A job that is failed cannot be paused; possible: retry\.$"):
        next_state("failed", "pause")


def test_the_refusal_offers_nothing_that_changes_nothing() -> None:
    with pytest.raises(Conflict, match=r"^A job that is running cannot be retried before it has ended\.$"):
        next_state("running", "retry")
    with pytest.raises(Conflict, match=r"^A job that is cancelled cannot be resumed\.$"):
        next_state("cancelled", "resume")


@pytest.mark.parametrize(
    ("done", "failed", "total", "event"),
    [(0, 0, 3, None), (2, 0, 3, None), (3, 0, 3, "end"), (1, 2, 3, "end"), (0, 3, 3, "give_up")],
)
def test_a_batch_ends_with_its_last_item(done: int, failed: int, total: int, event: str | None) -> None:
    assert ended_as(done, failed, total) == event
