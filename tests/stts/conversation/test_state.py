from __future__ import annotations

from itertools import product

import pytest

from stts.conversation.state import TABLE, Command, Event, IllegalEvent, State, diagram, step
from stts.vad.endpointing import Endpoint


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_what_is_not_in_the_table_raises(state: State, event: Event) -> None:
    if (state, event) in TABLE:
        assert step(state, event) == TABLE[state, event]
    else:
        with pytest.raises(IllegalEvent):
            step(state, event)


@pytest.mark.parametrize("start", State)
def test_every_state_can_be_reached_from_every_other(start: State) -> None:
    reached: set[State] = set()
    ahead = [start]
    while ahead:
        reached.add(state := ahead.pop())
        ahead += [after for (before, _), (after, _) in TABLE.items() if before is state and after not in reached]
    assert reached == set(State)


def test_every_event_can_happen() -> None:
    assert {event for _, event in TABLE} == set(Event)


def test_the_ear_speaks_the_language_of_the_table() -> None:
    assert {Event(kind.value) for kind in Endpoint} < set(Event)


def test_the_diagram_shows_the_table() -> None:
    head, start, *lines = diagram().splitlines()
    assert (head, start.strip()) == ("stateDiagram-v2", "[*] --> listening")
    drawn = {}
    for line in lines:
        states, label = line.strip().split(": ")
        before, after = states.split(" --> ")
        event, *commands = label.replace(" / ", ", ").split(", ")
        drawn[State(before), Event(event)] = State(after), tuple(map(Command, commands))
    assert drawn == TABLE
