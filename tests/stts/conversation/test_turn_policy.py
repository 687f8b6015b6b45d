"""Whatever is said, configured and commanded, in any order: the policy commands only what the session can carry out."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stts.conversation.state import Command, Event, State
from stts.conversation.turn_policy import Commands, TurnPolicy, TurnTaking
from stts.vad.endpointing import Endpoint, Endpointer, Signal
from stts.vad.rules import TurnRules

WATCH = Command.WATCH_SILENCE
policies = st.builds(TurnPolicy, *[st.booleans()] * 4)


def taken(policy: TurnPolicy = TurnPolicy()) -> TurnTaking:  # noqa: B008 - a frozen value
    """The user's first turn is over, and its words are awaited."""
    turns = TurnTaking(policy)
    turns.opened(1, confirmed=False)
    turns.heard(Endpoint.CONFIRMED)
    turns.heard(Endpoint.ENDED)
    return turns


def speaking(policy: TurnPolicy = TurnPolicy()) -> TurnTaking:  # noqa: B008 - a frozen value
    turns = taken(policy)
    turns.words(1, "What time is it?")
    turns.replied(Event.AUDIBLE)
    return turns


def interrupted(turns: TurnTaking, turn: int = 2) -> Commands:
    turns.opened(turn, confirmed=False)
    turns.heard(Endpoint.ONSET)
    return turns.heard(Endpoint.CONFIRMED)


def test_words_are_answered_and_none_are_reported() -> None:
    assert taken().words(1, "Hello") == (Command.DROP_HELD, Command.ANSWER, WATCH)
    assert taken().words(1, "") == (Command.DISCARD_PREPARED, WATCH, Command.REPORT_EMPTY)


def test_an_interruption_without_words_lets_the_reply_go_on() -> None:
    for text in ("", "Mhm."):
        turns = speaking()
        assert interrupted(turns) == (Command.HOLD, Command.ANNOUNCE, WATCH)
        turns.heard(Endpoint.ENDED)
        assert Command.RESUME_REPLY in turns.words(2, text)
        assert turns.state is State.SPEAKING and turns.active and not turns.held


def test_a_filler_is_an_answer_where_nothing_is_held() -> None:
    assert Command.ANSWER in taken().words(1, "Mhm.")


def test_where_nothing_resumes_an_interruption_ends_the_reply() -> None:
    turns = speaking(TurnPolicy(resumes=False))
    assert interrupted(turns) == (Command.HOLD, Command.DROP_HELD, Command.ANNOUNCE, WATCH)


def test_where_nobody_may_interrupt_the_turn_is_answered_after_the_reply() -> None:
    turns = speaking(TurnPolicy(interrupts=False))
    assert interrupted(turns) == (Command.UNDUCK, Command.ANNOUNCE)
    assert turns.heard(Endpoint.ENDED) == (Command.UNDUCK, Command.FINALIZE)
    assert turns.words(2, "And tomorrow?") == ()
    assert turns.replied(Event.FINISHED) == (Command.CLOSE, WATCH, Command.DROP_HELD, Command.REPLY, WATCH)


def test_an_interruption_that_is_taken_back_ends_the_held_reply() -> None:
    turns = speaking()
    interrupted(turns)
    commands = turns.heard(Endpoint.FALSE_ALARM)
    assert commands == (Command.DISCARD_PREPARED, Command.DISCARD_UTTERANCE, WATCH, Command.DROP_HELD)


def test_a_turn_that_the_client_ends_takes_the_floor() -> None:
    turns = speaking(TurnPolicy(pushed=True))
    turns.opened(2, confirmed=True)
    assert turns.heard(Endpoint.ENDED) == (Command.UNDUCK, Command.DROP, WATCH, Command.FINALIZE, WATCH)
    assert turns.awaited == 2


def test_what_was_said_before_an_empty_turn_is_answered_with_it() -> None:
    turns = taken()
    interrupted(turns)
    assert turns.words(1, "One more thing") == ()
    turns.heard(Endpoint.ENDED)
    assert Command.ANSWER in turns.words(2, "")


def test_a_cancelled_turn_is_not_answered_late() -> None:
    turns = taken()
    assert turns.cancelled("all") == (Command.DROP, WATCH)
    assert turns.words(1, "Never mind") == ()
    assert turns.cancelled("all") == ()


def test_where_nobody_answers_turns_are_judged_and_finalized() -> None:
    turns = TurnTaking(TurnPolicy(answers=False))
    turns.opened(1, confirmed=False)
    assert turns.heard(Endpoint.CONFIRMED) == (Command.ANNOUNCE, WATCH)
    assert turns.heard(Endpoint.PAUSED) == (Command.SPECULATE, WATCH)
    assert turns.settled("Hello") == ()
    assert turns.heard(Endpoint.ENDED) == (Command.UNDUCK, Command.DROP_HELD, Command.FINALIZE)
    assert turns.words(1, "Hello") == ()
    assert turns.asked() == (Command.DROP_HELD, Command.REPLY, WATCH)


@pytest.mark.parametrize("turns", [taken(), speaking()])
def test_without_an_open_turn_nothing_ends(turns: TurnTaking) -> None:
    assert turns.heard(Endpoint.ENDED) == ()


class AnyConversation(RuleBasedStateMachine):
    """One who talks at random, a client that changes its mind, and one who replies."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = TurnTaking(TurnPolicy())
        self.ear = Endpointer(TurnRules())
        self.count = 0
        self.open: int | None = None
        self.announced = self.cleared = False
        self.waiting: set[int] = set()
        """Turns for whose words nobody has come yet."""
        self.active = self.held = self.audible = self.ducked = False

    def carry_out(self, commands: Commands, turn: int | None = None) -> None:
        for command in commands:
            self.do(command, turn)

    def do(self, command: Command, turn: int | None) -> None:
        policy = self.turns.policy
        match command:
            case Command.DUCK:
                assert self.audible and policy.interrupts
                self.ducked = True
            case Command.UNDUCK:
                self.ducked = False
            case Command.ANNOUNCE:
                assert self.open is not None and not self.announced, "a turn is announced once"
                self.announced = True
            case Command.DISCARD_UTTERANCE:
                assert self.cleared or not self.announced, "only the client takes back what was announced"
                self.open, self.announced = None, False
            case Command.FINALIZE:
                assert self.open is not None
                assert self.announced or policy.pushed or self.cleared
                self.waiting.add(self.open)
                self.open, self.announced = None, False
            case Command.SPECULATE:
                assert self.open is not None and not policy.pushed
            case Command.PREPARE:
                assert self.open is not None and policy.answers
            case Command.ANSWER:
                assert turn is not None and not self.active and not self.held
                self.active = True
            case Command.REPLY:
                assert not self.active and not self.held
                self.active = True
            case Command.HOLD:
                assert self.audible and self.open is not None and policy.interrupts
                self.active = self.audible = self.ducked = False
                self.held = True
            case Command.RESUME_REPLY:
                assert self.held and not self.active
                self.held, self.active, self.audible = False, True, True
            case Command.DROP_HELD:
                self.held = False
            case Command.DROP | Command.CLOSE:
                assert self.active or (command is Command.DROP and self.waiting)
                self.active = self.audible = self.ducked = False

    def begin(self, *, confirmed: bool) -> None:
        self.count += 1
        self.open, self.announced = self.count, False
        self.turns.opened(self.count, confirmed=confirmed)

    def signals(self, signals: tuple[Signal, ...]) -> None:
        for signal in signals:
            if signal.kind is Endpoint.ONSET and self.open is None:
                self.begin(confirmed=False)
            self.carry_out(self.turns.heard(signal.kind))

    @rule(policy=policies)
    def configure(self, policy: TurnPolicy) -> None:
        before, self.turns.policy = self.turns.policy, policy
        if before.pushed is not policy.pushed:
            stale = self.ear.candidate if policy.pushed else self.open is not None
            self.ear.reset()
            if stale:
                self.discard()

    @rule()
    def clear(self) -> None:
        self.carry_out(self.turns.cleared())

    @rule()
    def discard(self) -> None:
        """As the audio behind a `clear` is reached."""
        self.ear.reset()
        self.cleared = True
        self.carry_out(self.turns.heard(Endpoint.FALSE_ALARM))
        self.cleared = False

    @rule(speech=st.booleans(), frames=st.integers(1, 20))
    def hear(self, speech: bool, frames: int) -> None:
        for _ in range(frames):
            if self.turns.policy.pushed:
                if self.open is None:
                    self.begin(confirmed=True)
                continue
            over = self.turns.state is not State.LISTENING
            self.signals(self.ear.push(0.9 if speech else 0.0, -20.0 if speech else -70.0, over=over))

    @rule()
    def recognise(self) -> None:
        if not self.turns.policy.pushed:
            self.signals(self.ear.confirm())

    @rule()
    def commit(self) -> None:
        if self.open is None:
            self.begin(confirmed=False)
        if ended := self.ear.end():
            self.signals(ended)
            return
        self.ear.reset()
        self.cleared = True
        self.carry_out(self.turns.heard(Endpoint.ENDED))
        self.cleared = False

    @precondition(lambda self: self.announced)
    @rule(text=st.sampled_from(["", "mhm", "hello there"]))
    def settle(self, text: str) -> None:
        self.carry_out(self.turns.settled(text))

    @precondition(lambda self: self.waiting)
    @rule(text=st.sampled_from(["", "mhm", "hello there"]), data=st.data())
    def transcribe(self, text: str, data: st.DataObject) -> None:
        turn = data.draw(st.sampled_from(sorted(self.waiting)))
        self.waiting.remove(turn)
        awaited = turn == self.turns.awaited
        commands = self.turns.words(turn, text)
        assert (Command.ANSWER in commands) <= awaited, "only what is awaited is answered"
        self.carry_out(commands, turn)

    @precondition(lambda self: not self.active)
    @rule()
    def ask(self) -> None:
        self.carry_out(self.turns.asked())
        assert self.active

    @precondition(lambda self: self.active and not self.audible)
    @rule()
    def send(self) -> None:
        self.audible = True
        self.carry_out(self.turns.replied(Event.AUDIBLE))

    @precondition(lambda self: self.active)
    @rule(event=st.sampled_from([Event.FINISHED, Event.FAILED]))
    def come_to_an_end(self, event: Event) -> None:
        self.carry_out(self.turns.replied(event))

    @rule()
    def cancel(self) -> None:
        there = self.active or self.held or self.turns.awaited is not None
        commands = self.turns.cancelled("all")
        assert bool(commands) is there
        self.carry_out(commands)
        assert not (self.active or self.held) and self.turns.awaited is None

    @rule(which=st.sampled_from(["active", "held"]))
    def cancel_one(self, which: Literal["active", "held"]) -> None:
        there = self.active if which == "active" else self.held
        other = self.held if which == "active" else self.active
        self.carry_out(commands := self.turns.cancelled(which))
        assert bool(commands) is there
        assert (self.held if which == "active" else self.active) is other

    @invariant()
    def policy_and_session_agree(self) -> None:
        turns = self.turns
        assert (turns.open, turns.active, turns.held) == (self.open, self.active, self.held)
        assert turns.confirmed <= (turns.open is not None)

    @invariant()
    def the_floor_belongs_to_one(self) -> None:
        turns = self.turns
        assert (turns.state is State.SPEAKING) is (self.active and self.audible)
        assert (turns.state is State.THINKING) is ((turns.awaited is not None) or (self.active and not self.audible))
        assert not (turns.awaited is not None and self.active)
        assert turns.awaited is None or turns.awaited in self.waiting

    @invariant()
    def nothing_is_held_for_ever(self) -> None:
        if self.held:
            assert self.open is not None or self.turns.awaited is not None


TestAnyConversation = AnyConversation.TestCase
