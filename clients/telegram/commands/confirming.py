"""Asks before something is done that cannot be taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from clients.telegram.messenger import Button
from clients.telegram.turn import Turn


async def ask(turn: Turn, action: Callable[[Turn], Awaitable[None]], key: str, /, **values: object) -> None:
    """Asks a question with two buttons; `action` is done with the turn in which who asked says yes."""
    code = turn.desk.confirmations.keep(turn.message.person.id, action)
    buttons = [[Button(turn.words("yes"), f"yes:{code}"), Button(turn.words("no"), f"no:{code}")]]
    await turn.tell(key, buttons=buttons, **values)


async def yes(turn: Turn) -> None:
    action = turn.desk.confirmations.take(turn.argument, turn.message.person.id)
    if action is None:
        await turn.tell("confirm_gone")
    else:
        await action(turn)


async def no(turn: Turn) -> None:
    if turn.desk.confirmations.take(turn.argument, turn.message.person.id) is None:
        await turn.tell("confirm_gone")
    else:
        await turn.put("confirm_not")
