"""Privacy: what is kept of the words of users."""

from __future__ import annotations

from typing import Literal

from stts.settings.section import Section, protected


class PrivacySettings(Section):
    texts: Literal["none", "hash", "text"] = protected(
        "What logs keep of texts and transcripts: nothing, a keyed hash, or all.", default="none"
    )

    @property
    def keeps_texts(self) -> bool:
        """True if texts and transcripts may be kept as they are."""
        return self.texts == "text"
