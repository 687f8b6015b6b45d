"""Finds the command that a message or a button asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from clients.telegram.commands import (
    administration,
    choosing,
    confirming,
    informing,
    listening,
    server_keys,
    speaking,
    talking,
)
from clients.telegram.turn import Turn

Command = Callable[[Turn], Awaitable[None]]

COMMANDS: dict[str, Command] = {
    "start": informing.start,
    "help": informing.help_,
    "voice": speaking.voice,
    "stt": listening.stt,
    "talk": talking.talk,
    "voices": choosing.voices,
    "engines": choosing.engines,
    "lang": choosing.lang,
    "speed": choosing.speed,
    "format": choosing.form,
    "health": informing.health,
    "usage": informing.usage,
    "admin": administration.admin,
}
BUTTONS: dict[str, Command] = {
    "voice": choosing.voices,
    "voices": choosing.page,
    "engine": choosing.engines,
    "lang": choosing.lang,
    "speed": choosing.speed,
    "format": choosing.form,
    "yes": confirming.yes,
    "no": confirming.no,
    "hide": server_keys.hide,
}
"""Commands of buttons, by what stands before the colon of their data; the rest is the argument."""


ONCE = ("admin", "talk")
"""Commands that change something each time: they are not done again because somebody mends their message."""


async def answer(command: str | None, turn: Turn) -> None:
    """Does what a message asks for. `command`: the one that it names."""
    message = turn.message
    if message.edited and command in ONCE:
        await turn.tell("not_again", command=f"/{command}")
    elif command is not None:
        known = COMMANDS.get(command)
        await (known(turn) if known else turn.tell("unknown_command", command=f"/{command}"))
    elif message.other is not None:
        await turn.tell("unsupported", kind=turn.words(f"kind_{message.other}"))
    elif message.attachment is not None and turn.choices.talking:
        await talking.reply_to_recording(turn, message.attachment)
    elif message.attachment is not None:
        await listening.hear(turn, message)
    elif turn.choices.talking and message.text.strip():
        await talking.reply_to_text(turn, message.text)
    else:
        await speaking.say(turn, message.text)


async def press(kind: str, turn: Turn) -> None:
    """Does what a button stands for; the turn's argument is the rest of its data."""
    known = BUTTONS.get(kind)
    await (known(replace(turn, pressed=True)) if known else turn.tell("button_out_of_date"))
