"""Limits in tokens, without the tokens of any one model: a text is refused where no tokenizer would find it short."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_PIECE = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{1,8}|\S")
"""Eight letters of a word, a character of a script without spaces, a sign."""
MOST_CHARACTERS_A_TOKEN = 16
"""Longer, and nobody counts: it is refused by its length."""


def estimated_tokens(text: str) -> int:
    """Returns the fewest tokens that the text may be."""
    return sum(1 for _ in _PIECE.finditer(text))


@dataclass(frozen=True, slots=True)
class TokenLimited:
    """Marks a text of at most so many tokens."""

    most: int

    def check(self, text: str) -> None:
        """Raises ValueError."""
        if len(text) > self.most * MOST_CHARACTERS_A_TOKEN or estimated_tokens(text) > self.most:
            raise ValueError(f"At most {self.most:,} tokens.")

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, text: str | None) -> str | None:
        if text is not None:
            self.check(text)
        return text
