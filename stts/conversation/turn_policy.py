"""Turn policy: decides by the session's configuration and its open turns and replies what an event means.

Pure, and the only place where such decisions are made: the session carries out the commands and reports events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stts.conversation.state import Command, Event, State, step
from stts.text.fillers import only_fillers
from stts.vad.endpointing import Endpoint

ALWAYS = frozenset({Endpoint.ONSET, Endpoint.CONFIRMED, Endpoint.FALSE_ALARM})
"""Signals that every state knows; the others belong to a turn that has the floor."""

Commands = tuple[Command, ...]
Which = Literal["all", "active", "held"]
"""Replies that a client cancels."""


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """The session's configuration, as far as it decides about turns."""

    answers: bool = True
    """Each turn of the user is replied to."""
    interrupts: bool = True
    """Speech over a reply ends it."""
    resumes: bool = True
    """A reply goes on if the interruption had no words; else an interruption ends it at once."""
    pushed: bool = False
    """The client says where turns end."""


class TurnTaking:
    """Keeps the floor of one session.

    At most one turn of the user is open, at most one is awaited (its words decide what is replied), at most one reply
    is active and one held. `policy` may be changed at any time.
    """

    def __init__(self, policy: TurnPolicy) -> None:
        self.policy = policy
        self.winding_down = False
        """Nothing more begins, and what was begun is finished: the end of a turn ends no reply."""
        self.state = State.LISTENING
        self.open: int | None = None
        """Turn that audio goes to."""
        self.confirmed = False
        """The open turn is speech, and not a noise."""
        self.awaited: int | None = None
        """Turn whose words decide what is replied."""
        self.active = False
        """A reply is being prepared for the listener, or heard."""
        self.held = False
        """A reply was interrupted and may go on."""
        self.unanswered = False
        """The user has said something while the floor was somebody else's, and wants a reply to it."""
        self._wanted: set[int | None] = set()
        """Turns whose words are not known and are to be replied to."""
        self._commands: list[Command] = []

    @property
    def quiet(self) -> bool:
        """True if nobody speaks, as far as one knows."""
        return self.state is State.LISTENING and not self.confirmed

    def opened(self, turn: int, *, confirmed: bool) -> None:
        """Audio goes to a new turn; `confirmed`: no signal will confirm it."""
        self.open, self.confirmed = turn, confirmed

    def heard(self, signal: Endpoint) -> Commands:
        """The segmenter, or the client in its place, has found something in the user's audio."""
        if signal is Endpoint.ENDED:
            self._end_turn()
        elif signal in ALWAYS and (self.state is State.LISTENING or self.policy.interrupts):
            self._step(Event(signal))
        elif signal is Endpoint.CONFIRMED:
            self._give(Command.UNDUCK, Command.ANNOUNCE)
        elif signal is Endpoint.FALSE_ALARM:
            self._give(Command.UNDUCK, Command.DISCARD_UTTERANCE)
        elif self.state is State.LISTENING:
            self._step(Event(signal))
        if self.held and self.open is None and self.awaited is None:
            self._give(Command.DROP_HELD)  # nothing is left that could say whether it goes on
        return self._taken()

    def settled(self, text: str) -> Commands:
        """The words of the open turn up to a pause are known."""
        if self._says_something(text) and self.state is State.LISTENING and self.policy.answers:
            self._give(Command.PREPARE)
        return self._taken()

    def words(self, turn: int, text: str) -> Commands:
        """The words of a finalized turn are known; empty where it had none."""
        said, wanted = self._says_something(text), turn in self._wanted
        self._wanted.discard(turn)
        if turn != self.awaited:
            self.unanswered |= said and wanted
            self._answer_late()
        elif said or self.unanswered:
            self._step(Event.WORDS)
        else:
            self.awaited = None
            self._step(Event.INTERRUPTION_EMPTY if self.held else Event.NOTHING)
            self._give(Command.REPORT_EMPTY)
        return self._taken()

    def asked(self) -> Commands:
        """A reply is wanted now. Raises IllegalEvent while one is heard."""
        self._wanted.discard(self.awaited)
        self._step(Event.ASKED)
        return self._taken()

    def replied(self, event: Event) -> Commands:
        """The active reply has become AUDIBLE, is FINISHED or has FAILED."""
        self._step(event)
        if event is not Event.AUDIBLE:
            self._answer_late()
        return self._taken()

    def cancelled(self, which: Which) -> Commands:
        """The client wants no more of a reply; `all`: nor one to the turn awaited. No commands: there is none."""
        if which != "active" and self.held:
            self._give(Command.DROP_HELD)
        unbegun = which == "all" and self.awaited is not None
        if unbegun or (which != "held" and self.active):
            self._wanted.discard(self.awaited)
            self.unanswered = False
            self._step(Event.CANCELLED)
        return self._taken()

    def cleared(self) -> Commands:
        """The client takes back the audio of the open turn."""
        self._give(Command.DISCARD_PREPARED, Command.DROP_HELD)
        return self._taken()

    def _end_turn(self) -> None:
        turn, policy = self.open, self.policy
        if turn is None:
            return
        self._give(Command.UNDUCK)
        pushed = policy.pushed and not self.winding_down
        if pushed and policy.answers and self.state is not State.LISTENING:
            self._step(Event.CANCELLED)
        if policy.answers:
            self._wanted.add(turn)
        if self.state is State.LISTENING and policy.answers:
            self.awaited = turn
            self._step(Event.ENDED)
        elif self.state is State.LISTENING:
            self._give(Command.DROP_HELD, Command.FINALIZE)
        else:
            self._give(Command.FINALIZE)

    def _says_something(self, text: str) -> bool:
        """`Mhm` may be an answer to a question; over a reply it only means: go on."""
        return bool(text) and not (self.held and only_fillers(text))

    def _answer_late(self) -> None:
        """Asks for a reply to what was said meanwhile, now that nobody speaks."""
        if self.unanswered and self.quiet and self.policy.answers:
            self._step(Event.ASKED)

    def _step(self, event: Event) -> None:
        self.state, commands = step(self.state, event)
        self._give(*commands, Command.WATCH_SILENCE)

    def _give(self, *commands: Command) -> None:
        for command in commands:
            self._commands.append(command)
            self._follow(command)

    def _follow(self, command: Command) -> None:
        """Keeps in step with what the session does at this command."""
        match command:
            case Command.ANNOUNCE:
                self.confirmed = self.open is not None
            case Command.DISCARD_UTTERANCE | Command.FINALIZE:
                self.open, self.confirmed = None, False
            case Command.ANSWER | Command.REPLY:
                self.active, self.awaited, self.unanswered = True, None, False
            case Command.HOLD:
                self.active, self.held = False, True
                if not self.policy.resumes:
                    self._give(Command.DROP_HELD)
            case Command.RESUME_REPLY:
                self.active, self.held = True, False
            case Command.DROP_HELD:
                self.held = False
            case Command.DROP:
                self.active, self.awaited = False, None
            case Command.CLOSE:
                self.active = False

    def _taken(self) -> Commands:
        commands, self._commands = tuple(self._commands), []
        return commands
