"""One turn after the other is said, and what waits is bounded."""

from __future__ import annotations

import asyncio
from typing import cast

from routers.compat.realtime.interpreting.interpreter import Interpretation
from routers.compat.realtime.interpreting.speaker import MOST_WAITING, Speaker
from stts.conversation.config import ReplyOrder
from stts.conversation.session import ConversationSession


class Session:
    """Takes orders; each reply has the next number."""

    def __init__(self) -> None:
        self.orders: list[ReplyOrder] = []

    def respond(self, order: ReplyOrder) -> int:
        self.orders.append(order)
        return len(self.orders)


class Repeats:
    """Says what was heard."""

    def order(self, text: str) -> ReplyOrder:
        return ReplyOrder(text=text, out_of_band=True)


def speaker(session: Session) -> Speaker:
    return Speaker(cast(ConversationSession, session), cast(Interpretation, Repeats()))


async def test_nothing_more_is_heard_while_too_much_waits() -> None:
    session = Session()
    one = speaker(session)
    for number in range(MOST_WAITING + 1):
        one.say(f"turn {number}")
    waiting = asyncio.create_task(one.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    one.ended(1)
    await waiting
    assert [order.text for order in session.orders] == ["turn 0", "turn 1"]


async def test_whoever_forgets_has_room_and_is_idle_at_the_end_of_what_is_said() -> None:
    session = Session()
    one = speaker(session)
    for number in range(MOST_WAITING + 1):
        one.say(f"turn {number}")
    one.forget()
    await one.room()
    assert not one.idle
    one.ended(7)
    assert not one.idle, "the end of another reply"
    one.ended(1)
    assert one.idle and len(session.orders) == 1


async def test_a_space_goes_between_turns_alone() -> None:
    one = speaker(Session())
    one.say("first")
    told = [one.text(delta) for delta in (" ", " Good", " morning.")]
    one.ended(1)
    one.say("second")
    told += [one.text(delta) for delta in ("\n", "How are", " you?")]
    assert "".join(told) == "Good morning. How are you?"
