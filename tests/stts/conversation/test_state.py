from __future__ import annotations

from itertools import product

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stts.conversation.state import TABLE, Command, Event, IllegalEvent, State, diagram, step
from stts.vad.endpointing import Endpoint, Endpointer, Signal
from stts.vad.rules import TurnRules


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


def test_every_event_can_happen_and_every_command_be_given() -> None:
    assert {event for _, event in TABLE} == set(Event)
    assert {command for _, commands in TABLE.values() for command in commands} == set(Command)


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


class AnyConversation(RuleBasedStateMachine):
    """One who talks at random, and one who replies; whoever drives the table may do no more than this."""

    def __init__(self) -> None:
        super().__init__()
        self.ear = Endpointer(TurnRules())
        self.state = State.LISTENING
        self.waiting = False
        """For the words of a turn."""
        self.reply = ""
        """`made`, `heard` or `held`, or there is none."""
        self.ducked = self.announced = self.speculating = False

    def happen(self, event: Event) -> None:
        self.state, commands = step(self.state, event)
        for command in commands:
            self.do(command)

    def do(self, command: Command) -> None:
        match command:
            case Command.DUCK:
                assert self.reply == "heard" and not self.ducked
                self.ducked = True
            case Command.UNDUCK:
                self.ducked = False
            case Command.ANNOUNCE:
                assert not self.announced, "a turn is announced once"
                self.announced = True
            case Command.FORGET:
                assert not self.announced, "what was announced is not forgotten"
            case Command.HOLD:
                assert self.reply == "heard"
                self.reply, self.ducked = "held", False
            case Command.GO_ON:
                assert self.reply == "held"
                self.reply = "heard"
            case Command.SPECULATE:
                assert self.announced and not self.speculating
                self.speculating = True
            case Command.DISCARD:
                assert self.speculating
                self.speculating = False
            case Command.FINALIZE:
                assert self.announced, "only what was announced is finalized"
                self.announced = self.speculating = False
                self.waiting = True
            case Command.REPLY:
                self.waiting, self.reply = False, "made"
            case Command.DROP | Command.CLOSE:
                self.waiting, self.reply, self.ducked = False, "", False

    def signals(self, signals: tuple[Signal, ...]) -> None:
        for signal in signals:
            self.happen(Event(signal.kind.value))

    @rule(speech=st.booleans(), frames=st.integers(1, 20))
    def hear(self, speech: bool, frames: int) -> None:
        for _ in range(frames):
            self.signals(
                self.ear.push(0.9 if speech else 0.0, -20.0 if speech else -70.0, over=self.state is State.SPEAKING)
            )

    @rule()
    def recognise(self) -> None:
        self.signals(self.ear.confirm())

    @rule()
    def commit(self) -> None:
        self.signals(self.ear.end())

    @precondition(lambda self: self.waiting)
    @rule(words=st.booleans())
    def transcribe(self, words: bool) -> None:
        self.waiting = False
        if words:
            self.happen(Event.WORDS)
        else:
            self.happen(Event.NEVER_MIND if self.reply == "held" else Event.NOTHING)

    @precondition(lambda self: not self.ear.speaking and not self.waiting and self.reply == "")
    @rule()
    def ask(self) -> None:
        self.happen(Event.ASKED)

    @precondition(lambda self: not self.ear.speaking and self.reply == "made")
    @rule()
    def send(self) -> None:
        self.reply = "heard"
        self.happen(Event.AUDIBLE)

    @precondition(lambda self: self.state is not State.LISTENING and self.reply in ("made", "heard"))
    @rule(event=st.sampled_from([Event.FINISHED, Event.FAILED]))
    def come_to_an_end(self, event: Event) -> None:
        self.happen(event)

    @precondition(lambda self: self.state is not State.LISTENING)
    @rule()
    def cancel(self) -> None:
        self.happen(Event.CANCELLED)

    @invariant()
    def the_floor_belongs_to_one(self) -> None:
        assert (self.state is State.SPEAKING) is (self.reply == "heard")
        assert self.announced is self.ear.speaking
        if self.ear.speaking:
            assert self.state is State.LISTENING
        if self.waiting:
            assert self.state is State.THINKING


TestAnyConversation = AnyConversation.TestCase
