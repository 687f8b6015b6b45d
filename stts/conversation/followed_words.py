"""Words of a reply, told as its audio goes out. Pure: audio as it is made, seconds as they are sent, words out."""

from __future__ import annotations

from stts.conversation.history import Spoken

UNMADE_SECONDS = 0.001
"""Audio that is always to come while a reply is being made, so that its last piece is not taken for heard."""


class FollowedWords:
    """Follows one reply. What is made ahead of its playback is known with its length, so its words are told by that."""

    def __init__(self) -> None:
        self._spoken = Spoken()
        self._piece = ""
        """The text that begins with the next audio."""
        self._made = 0.0
        """Seconds."""
        self._whole = False
        self._told = ""

    def made(self, text: str, seconds: float) -> None:
        """The next audio; `text` is the piece that begins with it, empty inside a piece."""
        self._piece = " ".join(filter(None, (self._piece, text)))
        if seconds:
            self._spoken.add(self._piece, seconds)
            self._made += seconds
            self._piece = ""

    def finish(self) -> None:
        """All audio is made."""
        self._whole = True
        self._spoken.finish()

    def until(self, seconds: float) -> str:
        """The words that end within the first seconds and were not told yet, with the space before them."""
        if not self._whole:
            seconds = min(seconds, self._made - UNMADE_SECONDS)
        heard = self._spoken.heard(seconds) if seconds > 0 else ""
        words, self._told = heard[len(self._told) :], max(self._told, heard, key=len)
        return words
