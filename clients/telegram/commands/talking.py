"""Converses: what is said or written gets a spoken reply, which remembers what was said before."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from clients.chat.speech import Exchange, ServerFailed
from clients.telegram import voice_notes
from clients.telegram.commands.listening import fetched, fits
from clients.telegram.lengths import CAPTION_UNITS, units
from clients.telegram.messenger import Attachment
from clients.telegram.turn import Turn

LOOK_SECONDS = 2.0
"""Longest wait to learn who replies."""
GONE = "not_found"
"""Code of a server that no longer has the conversation."""


async def talk(turn: Turn) -> None:
    """`/talk`: begins a conversation, or ends it."""
    talking = not turn.choices.talking
    await turn.desk.chats.choose(turn.chat, talking=talking, session=None)
    if not talking:
        await turn.tell("talk_off")
    else:
        await turn.tell("talk_on_echo" if await _only_echoes(turn) else "talk_on")


async def _only_echoes(turn: Turn) -> bool:
    """Whether the server says back what it hears. One that does not say so in time is not waited for."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            told = await turn.desk.server.get("/info", turn.subject)
    except (ServerFailed, TimeoutError):
        return False
    return bool(told.get("replies") == "echo")


async def reply_to_text(turn: Turn, text: str) -> None:
    await turn.work(partial(_reply, turn, text))


async def reply_to_recording(turn: Turn, attachment: Attachment) -> None:
    if await fits(turn, attachment):
        await turn.work(partial(_reply_to_recording, turn, attachment))


async def _reply_to_recording(turn: Turn, attachment: Attachment) -> None:
    async with turn.showing("record_voice"), fetched(turn, attachment) as file:
        if file is not None:
            await _reply(turn, file)


async def _reply(turn: Turn, said: Path | str) -> None:
    async with turn.showing("record_voice"):
        exchange = await _exchange(turn, said)
        await turn.desk.chats.choose(turn.chat, session=exchange.session)
        if isinstance(said, Path) and not exchange.heard:
            await turn.tell("nothing_heard")
            return
        await _deliver(turn, exchange)


async def _exchange(turn: Turn, said: Path | str) -> Exchange:
    """The next turn of the chat's conversation, or the first of a new one where the server has it no longer."""
    # The choice of the moment counts: a job before this one may have begun the conversation.
    session = (await turn.desk.chats.of(turn.chat)).session
    wishes = turn.choices.wishes()
    try:
        return await turn.desk.server.converse(said, session, wishes, turn.subject)
    except ServerFailed as failure:
        if session is None or failure.code != GONE:
            raise
    await turn.tell("talk_began_anew")
    return await turn.desk.server.converse(said, None, wishes, turn.subject)


async def _deliver(turn: Turn, exchange: Exchange) -> None:
    if not exchange.audio:
        await turn.desk.messenger.send_text(turn.chat, exchange.reply or turn.words("nothing_replied"))
        return
    note = await voice_notes.note(exchange.audio, with_waveform=turn.desk.messenger.takes_waveforms)
    caption = exchange.reply if units(exchange.reply) <= CAPTION_UNITS else ""
    await turn.desk.messenger.send_voice(turn.chat, note, caption=caption, replies_to=turn.message.message)
    if exchange.reply and not caption:
        await turn.desk.messenger.send_text(turn.chat, exchange.reply)
