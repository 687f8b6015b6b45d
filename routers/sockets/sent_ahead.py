"""Messages that a client sends before their turn: kept within a bound, and refused beyond it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from stts.errors import PayloadTooLarge, STTSError
from stts.streams.spool import MIB, Spool, SpoolFull

SPARE_BYTES = MIB // 4
"""Spare bytes for commands where audio has filled the spool."""
AUDIO_CHARACTERS = 512
"""Bytes from which a text message may be one that carries audio; nothing but audio is pushed by the megabyte."""


class SentAhead:
    """Fills the spool of one socket. Too much is refused: audio, which can be lost, with one event until there is room
    again; commands have a little room of their own."""

    def __init__(self, spool: Spool, refuse: Callable[[STTSError], Awaitable[None]]) -> None:
        self._spool = spool
        self._refuse = refuse
        self._refusing = False
        """The client knows that it sends too much ahead."""
        self._most_waiting = 0
        """Bytes that waited then."""

    def keep(self, message: str | bytes) -> Awaitable[None] | None:
        """Returns what has to be done before the next is kept. Raises PayloadTooLarge where commands have used up their
        room as well."""
        try:
            self._spool.put_now(message)
            self._refusing = self._refusing and 2 * self._spool.held > self._most_waiting
        except SpoolFull:
            if _is_audio(message):
                return self._refuse_audio()
            self._keep_command(message)
        return self._spool.write_tail() if self._spool.overflows else None

    def _keep_command(self, message: str | bytes) -> None:
        try:
            self._spool.put_now(message, spare=SPARE_BYTES)
        except SpoolFull:
            raise PayloadTooLarge("Too many commands were sent ahead of what is being worked on.") from None

    def _refuse_audio(self) -> Awaitable[None] | None:
        if self._refusing:
            return None
        self._refusing, self._most_waiting = True, self._spool.held
        return self._refuse(
            PayloadTooLarge("Too much was sent ahead of what is being worked on: this audio is not heard.")
        )


def _is_audio(message: str | bytes) -> bool:
    """True if the message carries audio, in any of the dialects: binary, or base64 in JSON."""
    if isinstance(message, bytes):
        return True
    if len(message) < AUDIO_CHARACTERS:
        return False
    try:
        fields = json.loads(message)
    except ValueError:
        return False
    return isinstance(fields, dict) and ("audio" in fields or "data" in fields)
