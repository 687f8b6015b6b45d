"""Turns text with markup into text to be read aloud, while it is written or whole. Pure: deltas in, deltas out.

A voice would read the marks. What goes: emphasis, highlights, backticks and code fences, the marks of headings, lists,
quotes and tables, rules, the targets of links, HTML's own tags, and actions such as `*smiles*`. Entities and escapes
become what they stand for. Headings, items and rows end as sentences do. Code keeps its own characters. A mark is held
back until what follows tells what it is, so it makes no difference how the text is cut into deltas.
"""

from __future__ import annotations

import unicodedata

from stts.text import markup_patterns as marks
from stts.text.markup_inline import InlineMarkup

SLICE_CHARACTERS = 2000
"""Characters processed together, so that the time grows linearly with the text's length."""
LONGEST_WORD = 100
_CLOSING = ")]）】"
_CJK = ("\u3040", "\u9fff")


def spoken_text(text: str) -> str:
    """A whole text without its markup."""
    if marks.UNMARKED.fullmatch(text):
        return text
    remover = MarkupRemover()
    return remover.feed(text) + remover.finish()


class MarkupRemover(InlineMarkup):
    """Streaming markup remover of one text."""

    def feed(self, delta: str) -> str:
        """Takes the next delta; returns the readable text that is certain now."""
        parts: list[str] = []
        for start in range(0, len(delta), SLICE_CHARACTERS):
            self._rest += delta[start : start + SLICE_CHARACTERS]
            parts.append(self._certain(final=False))
        return "".join(parts)

    def finish(self) -> str:
        """Ends the text; returns what was held back."""
        return self._certain(final=True)

    def _certain(self, *, final: bool) -> str:
        parts: list[str] = []
        while self._rest and (taken := self._next(final)) is not None:
            length, text = taken
            if length:
                self._pass(length)
            parts.append(self._emit(text))
        return "".join(parts)

    def _pass(self, length: int) -> None:
        passed, self._rest = self._rest[:length], self._rest[length:]
        self._before = passed[-1]
        words = (self._word + passed[-LONGEST_WORD:]).split()
        self._word = "" if self._before.isspace() or not words else words[-1][:LONGEST_WORD]

    def _emit(self, text: str) -> str:
        body = text.rstrip(" \t") if self._stop else text
        if not body:
            self._gap += text
            return ""
        emitted, self._gap = self._gap + body, text[len(body) :]
        self._emitted = "" if emitted.endswith("\n") else (emitted.rstrip() or self._emitted)[-1:]
        return emitted

    def _next(self, final: bool) -> tuple[int, str] | None:
        """Length of the next token in characters, and its spoken text; None: not certain yet."""
        first = self._rest[0]
        if first == "\n":
            return self._end_of_line()
        if first == "`":
            return self._ticks(final)
        if self._code:
            code = marks.CODE.match(self._rest)
            assert code is not None
            return code.end(), code[0]
        return self._line(final) if self._before == "\n" else self.inline(final)

    def _end_of_line(self) -> tuple[int, str]:
        end = self._sentence_end() if self._stop else ""
        self._open.clear()
        self._gap, self._stop, self._row = "", False, False
        if len(self._code) < 3:
            self._code = ""
        return 1, f"{end}\n"

    def _sentence_end(self) -> str:
        last = self._emitted
        if not last or (unicodedata.category(last)[0] not in "LNMS" and last not in _CLOSING):
            return ""
        return "。" if _CJK[0] <= last <= _CJK[1] else "."

    def _line(self, final: bool) -> tuple[int, str] | None:
        rest = self._rest
        if not final and (marks.LINE_BEGUN.match(rest) or marks.HEADING_BEGUN.match(rest)):
            return None
        if found := marks.NO_WORDS.match(rest):
            return found.end(), ""
        if found := marks.QUOTE.match(rest):
            return self._instead(found.end(), "")
        for pattern in (marks.HEADING, marks.BULLET, marks.NUMBER, marks.ROW):
            if found := pattern.match(rest):
                self._stop, self._row = True, pattern is marks.ROW
                return found.end(), found[0] if pattern is marks.NUMBER else ""
        return self.inline(final)

    def _ticks(self, final: bool) -> tuple[int, str] | None:
        run = marks.TICKS.match(self._rest)
        assert run is not None
        if run.end() == len(self._rest) and not final:
            return None
        if self._code:
            self._code = "" if run[0] == self._code else self._code
            return run.end(), ""
        if not final and marks.FENCE_BEGUN.match(self._rest):
            return None
        self._code = run[0]
        fence = marks.FENCE.match(self._rest)
        return (run if fence is None else fence).end(), ""
