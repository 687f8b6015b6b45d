"""Markup inside a line: emphasis, links, addresses, entities, tags, escapes, cells. Part of `stts.text.markup`."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable
from typing import ClassVar

from stts.text import markup_patterns as marks

_APART = '.!?…:。！？"”’»)'
"""An action stands at the begin of a line or behind one of these."""


class InlineMarkup:
    """The state of one text, and what its next characters are where they do not begin a line.

    Each step answers how many characters the next thing has, and what to say for it; None: that is not certain yet.
    """

    def __init__(self) -> None:
        self._rest = ""
        """Text that is not decided yet."""
        self._before = "\n"
        """The character before it, whether it was passed on or not."""
        self._word = ""
        """The end of the word before it."""
        self._emitted = ""
        """The last character of this line that was passed on and is not white space."""
        self._gap = ""
        """White space of a line that ends as a sentence, passed on only if something follows it."""
        self._open: Counter[str] = Counter()
        """Marks of emphasis that are not closed yet, in this line."""
        self._code = ""
        """The backticks that opened the current code span."""
        self._stop = False
        """True if this line ends as a sentence."""
        self._row = False
        """True if this line is a row of a table."""

    def _instead(self, length: int, text: str) -> tuple[int, str]:
        """The text stands in the place of so many characters, and may have marks of its own."""
        self._rest = text + self._rest[length:]
        return 0, ""

    def inline(self, final: bool) -> tuple[int, str] | None:
        first = self._rest[0]
        if first in "hH" and not of_word(self._before):
            return self._address(final)
        if first == "|" and self._row:
            return self._cell(final)
        handle = self._HANDLERS.get(first, InlineMarkup._plain)
        return handle(self, final)

    def _plain(self, final: bool) -> tuple[int, str] | None:
        plain = marks.PLAIN.match(self._rest)
        if plain is None:
            return 1, self._rest[0]
        end = plain.end()
        if not final and end == len(self._rest) and (begun := marks.ADDRESS_BEGUN.search(self._rest)):
            before = self._rest[begun.start() - 1] if begun.start() else self._before
            end = end if of_word(before) else begun.start()
        return (end, plain[0][:end]) if end else None

    def _cell(self, final: bool) -> tuple[int, str] | None:
        found = marks.CELL.match(self._rest)
        assert found is not None
        after = self._rest[found.end() : found.end() + 1]
        if not after and not final:
            return None
        self._gap = ""
        return found.end(), ", " if after.strip() and after != "|" and self._emitted not in ("", ",") else ""

    def _bracket(self, final: bool) -> tuple[int, str] | None:
        rest = self._rest
        dropped = [(marks.FOOTNOTE, marks.FOOTNOTE_BEGUN)]
        if self._before == "\n":
            dropped.append((marks.DEFINITION, marks.DEFINITION_BEGUN))
        if self._stop and not self._emitted:
            dropped.append((marks.TASK, marks.TASK_BEGUN))
        for whole, begun in dropped:
            if not final and begun.match(rest):
                return None
            if found := whole.match(rest):
                return found.end(), ""
        if found := marks.LINK.match(rest):
            return self._instead(found.end(), found[1])
        if not final and marks.LINK_BEGUN.match(rest):
            return None
        if not of_word(self._before):
            if found := marks.REFERENCE.match(rest):
                return self._instead(found.end(), found[1])
            if not final and marks.REFERENCE_BEGUN.match(rest):
                return None
        return 1, rest[0]

    def _address(self, final: bool) -> tuple[int, str] | None:
        found = marks.ADDRESS.match(self._rest)
        if found is None:
            return None if not final and marks.ADDRESS_BEGUN.match(self._rest) else self._plain(final)
        if found.end() == len(self._rest) and not final:
            return None
        address = found[0].rstrip(marks.ADDRESS_END)
        said = address.partition("://")[2].partition("?")[0].partition("#")[0]
        return len(address), said.removeprefix("www.").rstrip("/")

    def _entity(self, final: bool) -> tuple[int, str] | None:
        if not final and marks.ENTITY_BEGUN.match(self._rest):
            return None
        found = marks.ENTITY.match(self._rest)
        return (1, "&") if found is None else (found.end(), html.unescape(found[0]).replace("\n", " "))

    def _tag(self, final: bool) -> tuple[int, str] | None:
        rest = self._rest
        if not final and marks.TAG_BEGUN.match(rest):
            return None
        if found := marks.COMMENT.match(rest):
            return found.end(), ""
        if found := marks.BRACKETED.match(rest):
            return self._instead(found.end(), found[1].removeprefix("mailto:"))
        found = marks.TAG.match(rest)
        if found is None:
            return 1, "<"
        closes, name = bool(found[1]), found[2].lower()
        if name in ("td", "th"):
            return found.end(), ", " if closes and self._emitted not in ("", ",") else ""
        if not marks.BLOCK_TAGS.fullmatch(name) or not self._emitted:
            return found.end(), ""
        self._stop = self._stop or (closes and marks.STOP_TAGS.fullmatch(name) is not None)
        return self._instead(found.end(), "\n")

    def _escape(self, final: bool) -> tuple[int, str] | None:
        rest = self._rest
        after = rest[1:2]
        if not after:
            return (1, "\\") if final else None
        if marks.PATH.match(self._word):
            return 1, "\\"
        if after in "nrt":
            return self._escaped_space(final)
        return (2, after) if after in marks.ESCAPED else (1, "\\")

    def _escaped_space(self, final: bool) -> tuple[int, str] | None:
        """Handles escapes of JSON, such as a backslash and `n`, that a program has not decoded."""
        rest = self._rest
        if not final and len(rest) < marks.FORMULAS_LONGEST + 2 and rest[1:].isalpha():
            return None
        if marks.FORMULAS.match(rest):
            return 1, "\\"
        return self._instead(2, "\n") if rest[1] == "n" else (2, " " if rest[1] == "t" else "")

    def _emphasis(self, final: bool) -> tuple[int, str] | None:
        if self._rest[0] == "*" and (not self._emitted or self._emitted in _APART):
            if not final and marks.ACTION_BEGUN.match(self._rest):
                return None
            if (action := marks.ACTION.match(self._rest)) and _is_action(action[1]):
                return action.end(), ""
        match = marks.RUN.match(self._rest)
        assert match is not None
        run, end = match[0], match.end()
        if end == len(self._rest) and not final:
            return None
        after = self._rest[end : end + 1]
        if run in marks.EMPHASIS and self._closes(run, after):
            self._open[run[0]] -= len(run)
            return end, ""
        if run in marks.EMPHASIS and self._opens(run, after):
            self._open[run[0]] += len(run)
            return end, ""
        return end, run

    def _closes(self, run: str, after: str) -> bool:
        inside = run[0] == "_" and of_word(after)
        return self._open[run[0]] >= len(run) and not self._before.isspace() and not inside

    def _opens(self, run: str, after: str) -> bool:
        """Scripts without spaces have emphasis between letters; elsewhere that is `2*3` or `snake_case`."""
        inside = of_word(self._before) and of_word(after)
        spaced = run[0] == "_" or (self._before + after).isascii()
        return after not in marks.NEVER_BEGIN and bool(after.strip()) and not (inside and spaced)

    _HANDLERS: ClassVar[dict[str, Callable[[InlineMarkup, bool], tuple[int, str] | None]]] = {
        **dict.fromkeys("[!", _bracket),
        **dict.fromkeys("*_~=", _emphasis),
        "&": _entity,
        "<": _tag,
        "\\": _escape,
    }


def of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _is_action(text: str) -> bool:
    """English only: in other languages an action is read, without its stars."""
    first = text.split()[0]
    return marks.ACTION_WORD.fullmatch(first) is not None and marks.NO_ACTION.fullmatch(first) is None
