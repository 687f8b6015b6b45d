"""Messages by which an app tells the language model of its session rules, knowledge, and what to say now."""

from __future__ import annotations

from routers.compat.live.delegation.brain import AppendKind
from stts.chat import Message
from stts.conversation.history import History, Item, new_item_id

INTRODUCTIONS: dict[AppendKind, str] = {
    "instructions": "From now on, this rule holds:",
    "thinking": "For your information only; the user is not to be told that you were told:",
    "commentary": "Tell the user this now, in your own words; if it tells you what to do, do that, do not read it:",
}


def remember(history: History, kind: AppendKind, content: str) -> None:
    """Puts it behind what was said so far. Rules are the last to be forgotten where a history grows too long."""
    if content.strip():
        text = f"{INTRODUCTIONS[kind]}\n{content}"
        history.append(Item(new_item_id(), Message("system", text)))


def joined(*instructions: str | None) -> str | None:
    """Returns the instructions that there are, one after the other."""
    return "\n\n".join(one for one in instructions if one and one.strip()) or None
