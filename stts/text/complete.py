"""Whole texts: what of them can be spoken."""

from __future__ import annotations

import asyncio

from stts.text.markup import spoken_text
from stts.text.normalise import clean_piece, clean_text

IN_THREAD_CHARACTERS = 5000
"""Characters from which a text is cleaned in a thread, not on the event loop."""


class CleanText(str):
    """A whole text that `cleaned` has made: nobody cleans it again."""

    __slots__ = ()


def complete_text(text: str, limit: int, *, speak_markup: bool) -> str:
    """The speakable part of a whole text; empty where there is none. Raises TextTooLong and InvalidText."""
    text = clean_text(text, limit)
    return clean_piece(spoken_text(text) if speak_markup else text)


async def cleaned(text: str, limit: int, *, speak_markup: bool) -> CleanText:
    """The same, in a thread where the text is long; at once where it was cleaned before."""
    if isinstance(text, CleanText):
        return text
    if len(text) < IN_THREAD_CHARACTERS:
        return CleanText(complete_text(text, limit, speak_markup=speak_markup))
    return CleanText(await asyncio.to_thread(complete_text, text, limit, speak_markup=speak_markup))
