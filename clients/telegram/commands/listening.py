"""Hears recordings: voice notes, video notes, audio, video and files that hold any of them."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from clients.telegram.messenger import Attachment, Incoming, Undeliverable
from clients.telegram.turn import Turn

log = logging.getLogger("stts.bot")


async def stt(turn: Turn) -> None:
    """`/stt` as a reply to a recording: what is said in it."""
    replied = turn.message.replied
    if replied is None or replied.attachment is None:
        await turn.tell("stt_without_recording")
        return
    await hear(turn, replied)


async def hear(turn: Turn, message: Incoming) -> None:
    """Takes a recording as work."""
    attachment = message.attachment
    if attachment is not None and await fits(turn, attachment):
        await turn.work(partial(_transcribe, turn, attachment))


async def fits(turn: Turn, attachment: Attachment) -> bool:
    """Whether a recording is small enough to be fetched; tells the chat where it is not."""
    most = turn.desk.settings.recording_bytes
    if attachment.size is None or attachment.size <= most:
        return True
    await turn.tell("recording_too_large", size=_megabytes(attachment.size), most=_megabytes(most))
    return False


class TooLarge(Exception):
    """More comes than may."""


class Bounded:
    """A file that takes so many bytes: what the messenger says of a file's size may be wrong. Raises TooLarge."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most

    def write(self, piece: bytes) -> int:
        if self._file.tell() + len(piece) > self._most:
            raise TooLarge
        return self._file.write(piece)


@asynccontextmanager
async def fetched(turn: Turn, attachment: Attachment) -> AsyncIterator[Path | None]:
    """The recording as a file, which is gone with the context; None where the chat was told that there is none."""
    # The name that a person gave it is no path here.
    file = turn.desk.recordings / uuid.uuid4().hex
    try:
        yield file if await _fetch(turn, attachment, file) else None
    finally:
        file.unlink(missing_ok=True)


async def _fetch(turn: Turn, attachment: Attachment, file: Path) -> bool:
    most = turn.desk.settings.recording_bytes

    async def fetch() -> None:
        with file.open("wb") as opened:
            await attachment.fetch(Bounded(opened, most))

    try:
        await turn.desk.messenger.fetch(turn.chat, fetch)
    except TooLarge:
        await turn.tell("recording_larger", most=_megabytes(most))
        return False
    except Undeliverable as refused:
        log.warning("a recording could not be fetched: %s", refused)
        await turn.tell("recording_not_fetched")
        return False
    size = (await asyncio.to_thread(file.stat)).st_size
    if size == 0 or size < (attachment.size or 0):
        await turn.tell("recording_not_fetched" if size or attachment.size else "recording_empty")
        return False
    return True


async def _transcribe(turn: Turn, attachment: Attachment) -> None:
    async with turn.showing("typing"), fetched(turn, attachment) as file:
        if file is None:
            return
        text = await turn.desk.server.transcribe(file, turn.choices.language, turn.subject)
    if text:
        await turn.desk.messenger.send_text(turn.chat, text, replies_to=turn.message.message)
    else:
        await turn.tell("nothing_heard")


def _megabytes(size: int) -> float:
    return round(size / (1 << 20), 1)
