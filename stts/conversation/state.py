"""Turn-taking: whose turn it is, and what follows. Pure: no tasks, no clock; each event gives commands, in order.

    listening   the floor is the user's, speaking or silent
    thinking    the user's turn is over, nothing of the reply has been sent yet
    speaking    the reply is being heard

The table knows one turn and one reply: state x event -> next state and commands; an event that is not in it raises.
`turn_policy.py` decides by the session's configuration which events reach it.
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
    """The words of the turn are known, and ask for a reply."""
    NOTHING = "nothing"
    """The user's turn had no words."""
    INTERRUPTION_EMPTY = "interruption_empty"
    """The turn that interrupted the held reply had no words."""
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
    """Turn the reply up again, if it was turned down."""
    ANNOUNCE = "announce"
    """Tell that the user speaks, since when it began."""
    DISCARD_UTTERANCE = "discard_utterance"
    """Discard audio judged to be noise."""
    FINALIZE = "finalize"
    """Close the utterance and get its words."""
    SPECULATE = "speculate"
    """Ask whether the turn is over, and for the words so far where they are answered."""
    PREPARE = "prepare"
    """Prepare a reply to the words so far, as if the turn were over."""
    DISCARD_PREPARED = "discard_prepared"
    """Drop the reply that was prepared."""
    ANSWER = "answer"
    """Reply to the words awaited, with the reply that was prepared if it is for the same."""
    REPLY = "reply"
    """Begin the reply that was asked for."""
    HOLD = "hold"
    """Send nothing more of the reply; keep the rest until it is known whether the interruption had words."""
    DROP_HELD = "drop_held"
    """End the held reply, if there is one."""
    RESUME_REPLY = "resume_reply"
    """Continue the held reply where it was cut."""
    DROP = "drop"
    """End the reply here; what was not heard is taken out of the history."""
    CLOSE = "close"
    """The reply is complete."""
    REPORT_EMPTY = "report_empty"
    """Tell that the turn needs no reply."""
    WATCH_SILENCE = "watch_silence"
    """Restart the time after which the idle prompt is due."""


class IllegalEvent(Exception):
    """An event that cannot happen in this state: a fault of whoever drives the table, never of a client."""


Step = tuple[State, tuple[Command, ...]]

_L, _T, _S = State.LISTENING, State.THINKING, State.SPEAKING

TABLE: dict[tuple[State, Event], Step] = {
    (_L, Event.ONSET): (_L, ()),
    (_L, Event.CONFIRMED): (_L, (Command.ANNOUNCE,)),
    (_L, Event.FALSE_ALARM): (_L, (Command.DISCARD_PREPARED, Command.DISCARD_UTTERANCE)),
    (_L, Event.PAUSED): (_L, (Command.SPECULATE,)),
    (_L, Event.RESUMED): (_L, (Command.DISCARD_PREPARED,)),
    (_L, Event.ENDED): (_T, (Command.FINALIZE,)),
    (_L, Event.ASKED): (_T, (Command.DROP_HELD, Command.REPLY)),
    (_T, Event.ONSET): (_T, ()),
    (_T, Event.FALSE_ALARM): (_T, (Command.DISCARD_UTTERANCE,)),
    (_T, Event.CONFIRMED): (_L, (Command.DROP, Command.ANNOUNCE)),
    (_T, Event.WORDS): (_T, (Command.DROP_HELD, Command.ANSWER)),
    (_T, Event.NOTHING): (_L, (Command.DISCARD_PREPARED,)),
    (_T, Event.INTERRUPTION_EMPTY): (_S, (Command.DISCARD_PREPARED, Command.RESUME_REPLY)),
    (_T, Event.ASKED): (_T, (Command.DROP_HELD, Command.REPLY)),
    (_T, Event.AUDIBLE): (_S, ()),
    (_T, Event.FINISHED): (_L, (Command.CLOSE,)),
    (_T, Event.FAILED): (_L, (Command.CLOSE,)),
    (_T, Event.CANCELLED): (_L, (Command.DROP,)),
    (_S, Event.ONSET): (_S, (Command.DUCK,)),
    (_S, Event.FALSE_ALARM): (_S, (Command.UNDUCK, Command.DISCARD_UTTERANCE)),
    (_S, Event.CONFIRMED): (_L, (Command.HOLD, Command.ANNOUNCE)),
    (_S, Event.FINISHED): (_L, (Command.CLOSE,)),
    (_S, Event.FAILED): (_L, (Command.CLOSE,)),
    (_S, Event.CANCELLED): (_L, (Command.DROP,)),
}


def step(state: State, event: Event) -> Step:
    """Returns the next state and the commands, in order. Raises IllegalEvent."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalEvent(f"{event} cannot happen while {state}") from None


def diagram() -> str:
    """Draws the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.LISTENING}"]
    for (state, event), (after, commands) in TABLE.items():
        does = f" / {', '.join(commands)}" if commands else ""
        lines.append(f"    {state} --> {after}: {event}{does}")
    return "\n".join(lines)
