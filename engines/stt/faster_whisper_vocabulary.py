"""The tokens of a Whisper model: its special ones, prompts into tokens, tokens into text and words."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engines.stt.byte_pairs import BytePairs
from stts.errors import EngineLoadFailed

FILE = "tokenizer.json"
LISTS = ("vocabulary.txt", "vocabulary.json")
"""Files of which a model has one: all tokens, a line each."""
ENGLISH_TOKENS = 51_864
"""Tokens of models that know English only; others have more."""
MOST_PROMPT_TOKENS = 120
"""Whisper takes 223; a hint of a sentence or two needs no more, and each token has its price."""
MOST_PROMPT_CHARACTERS = 1000
"""Last characters of a prompt that are cut into tokens: beyond 8 for each of them there is hardly a text."""
UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Whisper's codes of languages that are written without spaces between words."""
REPLACEMENT = "\ufffd"
"""Stands for a part of a character, decoded alone."""
_SPECIAL = re.compile(r"<\|[^|]*\|>")
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")


@dataclass(frozen=True, slots=True)
class TokenWord:
    """A word of a text as Whisper's tokens write it, with the space before it."""

    text: str
    tokens: int
    """Number of tokens."""


class Vocabulary:
    """Raises EngineLoadFailed for a folder whose tokenizer file is missing or none of Whisper's."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        if not path.is_file():
            # Without it faster-whisper asks the model hub, whatever was asked of it; here nothing is fetched.
            raise EngineLoadFailed(f"{FILE} is missing beside the model in {folder.name}.")
        try:
            tokens, self._special_tokens = _read(path)
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise EngineLoadFailed(f"{FILE} in {folder.name} cannot be read.") from error
        self.end = self._special("<|endoftext|>")
        self.start = self._special("<|startoftranscript|>")
        self.no_timestamps = self._special("<|notimestamps|>")
        self._previous = self._special("<|startofprev|>")
        self._tasks = {"transcribe": self._special("<|transcribe|>"), "translate": self._special("<|translate|>")}
        self._pairs = BytePairs(tokens[: self.end])
        named = ((_LANGUAGE.fullmatch(token), number) for token, number in self._special_tokens.items())
        self.languages = {match[1]: number for match, number in named if match}
        """Tokens by Whisper's language codes."""

    def begin(self, language: str | None, task: str) -> list[int]:
        """The tokens that begin a transcript; `language`: Whisper's code, None for a model that knows but one."""
        if language is None:
            return [self.start]
        return [self.start, self.languages[language], self._tasks[task]]

    def prompt(self, text: str | None) -> list[int]:
        """The tokens of the text before, the last of it if it is long; what looks like a special token is no text."""
        plain = " ".join(_SPECIAL.sub("", text or "").split())[-MOST_PROMPT_CHARACTERS:].lstrip()
        if not plain:
            return []
        return [self._previous, *self._pairs.tokens(f" {plain}")[-MOST_PROMPT_TOKENS:]]

    def text_tokens(self, tokens: Sequence[int]) -> list[int]:
        """Those of the tokens that stand for text."""
        return [token for token in tokens if token < self.end]

    def text(self, tokens: Sequence[int]) -> str:
        return self._pairs.text(tokens)

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for, in UTF-8; they may be a part of a character."""
        return self._pairs.piece(token)

    def words(self, tokens: Sequence[int], language: str | None) -> list[TokenWord]:
        """The words of text tokens, marks of punctuation as words of their own."""
        words: list[TokenWord] = []
        for part in self._parts(tokens):
            alone = part.text.startswith(" ") or part.text.strip() in string.punctuation or language in UNSPACED
            if alone or not words:
                words.append(part)
            else:
                words[-1] = TokenWord(words[-1].text + part.text, words[-1].tokens + part.tokens)
        return words

    def _parts(self, tokens: Sequence[int]) -> list[TokenWord]:
        """The shortest parts that are whole characters."""
        parts: list[TokenWord] = []
        pending: list[int] = []
        for token in tokens:
            pending.append(token)
            text = self.text(pending)
            if REPLACEMENT not in text:
                parts.append(TokenWord(text, len(pending)))
                pending = []
        if pending:
            parts.append(TokenWord(self.text(pending), len(pending)))
        return parts

    def _special(self, token: str) -> int:
        number = self._special_tokens.get(token)
        if number is None:
            raise EngineLoadFailed(f"{FILE} is not that of a Whisper model: it lacks {token}.")
        return number


def _read(path: Path) -> tuple[list[str], dict[str, int]]:
    """All tokens in the order of their numbers, and the numbers of the special ones.

    Raises OSError, and ValueError, TypeError, LookupError or AttributeError for a file that is none.
    """
    table = json.loads(path.read_bytes())
    numbers: dict[str, int] = table["model"]["vocab"]
    special = {str(each["content"]): int(each["id"]) for each in table["added_tokens"]}
    tokens = [""] * (1 + max(*numbers.values(), *special.values()))
    for token, number in numbers.items():
        tokens[number] = token
    return tokens, special


def english_only(folder: Path) -> bool:
    """Whether the model in a folder knows English only. Cheap; False where that cannot be told."""
    for name in LISTS:
        try:
            text = (folder / name).read_text(encoding="utf-8")
            tokens = len(json.loads(text)) if name.endswith(".json") else text.count("\n")
        except (OSError, ValueError, TypeError):  # a number has no length
            continue
        return 0 < tokens <= ENGLISH_TOKENS
    return False
