"""Whose turn it is. Pure: a table of state x event -> next state and commands; what is not in the table raises.

    listening   the floor is the user's, speaking or silent
    thinking    the user's turn is over, nothing of the reply has been sent yet
    speaking    the reply is being heard

A reply that is interrupted is held at first: if the words of the interruption turn out to be none, it goes on.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


class Event(StrEnum):
    ONSET = "onset"
    """Somebody may be speaking."""
    CONFIRMED = "confirmed"
    """It is speech, and meant for us."""
    FALSE_ALARM = "false_alarm"
    """It was a noise, or too short to mean anything."""
    PAUSED = "paused"
    """The user has stopped speaking, perhaps only for breath."""
    RESUMED = "resumed"
    """The user goes on."""
    ENDED = "ended"
    """The user's turn is over."""
    WORDS = "words"
    """What the user said is known."""
    NOTHING = "nothing"
    """The user's turn had no words."""
    NEVER_MIND = "never_mind"
    """What interrupted the reply that is held was nothing."""
    ASKED = "asked"
    """A reply is wanted now: a typed message, a client's command, an idle prompt."""
    AUDIBLE = "audible"
    """The first audio of the reply was sent."""
    FINISHED = "finished"
    """The reply is over, and was heard to its end."""
    FAILED = "failed"
    """The reply could not be made."""
    CANCELLED = "cancelled"
    """The client wants no reply, or no more of it."""


class Command(StrEnum):
    DUCK = "duck"
    """Turn the reply down."""
    UNDUCK = "unduck"
    FORGET = "forget"
    """Drop the utterance that was none."""
    ANNOUNCE = "announce"
    """Tell that the user speaks, since when it began."""
    HOLD = "hold"
    """Send nothing more of the reply; keep the rest until it is known what was said."""
    GO_ON = "go_on"
    """Continue the reply that is held, where it was cut."""
    SPECULATE = "speculate"
    """Prepare transcript and reply, as if the turn were over."""
    DISCARD = "discard"
    """Drop what was prepared."""
    FINALIZE = "finalize"
    """Close the utterance and get its words."""
    REPLY = "reply"
    """Begin to reply, or adopt the reply that was prepared. What is held is dropped."""
    DROP = "drop"
    """End the reply here; what was not heard is taken out of the history."""
    CLOSE = "close"
    """The reply is complete."""


class IllegalEvent(Exception):
    """An event that cannot happen in this state: a fault of whoever drives the table, never of a client."""


Step = tuple[State, tuple[Command, ...]]

_L, _T, _S = State.LISTENING, State.THINKING, State.SPEAKING

TABLE: dict[tuple[State, Event], Step] = {
    (_L, Event.ONSET): (_L, ()),
    (_L, Event.CONFIRMED): (_L, (Command.ANNOUNCE,)),
    (_L, Event.FALSE_ALARM): (_L, (Command.FORGET,)),
    (_L, Event.PAUSED): (_L, (Command.SPECULATE,)),
    (_L, Event.RESUMED): (_L, (Command.DISCARD,)),
    (_L, Event.ENDED): (_T, (Command.FINALIZE,)),
    (_L, Event.ASKED): (_T, (Command.REPLY,)),
    (_T, Event.ONSET): (_T, ()),
    (_T, Event.FALSE_ALARM): (_T, (Command.FORGET,)),
    (_T, Event.CONFIRMED): (_L, (Command.DROP, Command.ANNOUNCE)),
    (_T, Event.WORDS): (_T, (Command.REPLY,)),
    (_T, Event.NOTHING): (_L, ()),
    (_T, Event.NEVER_MIND): (_S, (Command.GO_ON,)),
    (_T, Event.ASKED): (_T, (Command.REPLY,)),
    (_T, Event.AUDIBLE): (_S, ()),
    (_T, Event.FINISHED): (_L, (Command.CLOSE,)),
    (_T, Event.FAILED): (_L, (Command.CLOSE,)),
    (_T, Event.CANCELLED): (_L, (Command.DROP,)),
    (_S, Event.ONSET): (_S, (Command.DUCK,)),
    (_S, Event.FALSE_ALARM): (_S, (Command.UNDUCK, Command.FORGET)),
    (_S, Event.CONFIRMED): (_L, (Command.HOLD, Command.ANNOUNCE)),
    (_S, Event.FINISHED): (_L, (Command.CLOSE,)),
    (_S, Event.FAILED): (_L, (Command.CLOSE,)),
    (_S, Event.CANCELLED): (_L, (Command.DROP,)),
}


def step(state: State, event: Event) -> Step:
    """The next state, and what is to be done, in order. Raises IllegalEvent."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalEvent(f"{event} cannot happen while {state}") from None


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.LISTENING}"]
    for (state, event), (after, commands) in TABLE.items():
        does = f" / {', '.join(commands)}" if commands else ""
        lines.append(f"    {state} --> {after}: {event}{does}")
    return "\n".join(lines)
