"""Takes the marks of Markdown out of text that is spoken while it is written. Pure: deltas in, deltas out.

A voice would read the marks aloud. What goes: emphasis, backticks and code fences, heading marks, bullets, rules, and
the targets of links. Code keeps its own characters. A mark is held back until what follows it tells what it is, so it
makes no difference how the text is cut into deltas.
"""

from __future__ import annotations

import re
from collections import Counter

_PLAIN = re.compile(r"[^`*_~\[!\n]+")
_CODE = re.compile(r"[^`\n]+")
_TICKS = re.compile(r"`{1,100}")
_RUN = re.compile(r"\*{1,100}|_{1,100}|~{1,100}")
_EMPHASIS = frozenset({"*", "**", "***", "_", "__", "___", "~~"})
_FENCE = re.compile(r"`{3,100}[^`\n]{0,100}(?=\n)")
_FENCE_BEGUN = re.compile(r"`{3,100}[^`\n]{0,100}\Z")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,200})\]\((?:[^()\n]|\([^()\n]{0,100}\)){0,500}\)")
_LINK_BEGUN = re.compile(
    r"!?(?:\[[^\[\]\n]{0,200}(?:\](?:\((?:[^()\n]|\([^()\n]{0,100}\)){0,500}(?:\([^()\n]{0,100})?)?)?)?\Z"
)
_LINE_MARKS = re.compile(r"[ \t#*+•_-]{0,200}")
"""What a line may begin with until one knows what kind of line it is."""
_LINE = re.compile(r"[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*(?=\n|\Z)|[ \t]*(?:#{1,6}|[-*+•])[ \t]+(?=\S)")
"""A rule, or the mark of a heading or of an item of a list."""
_NEVER_BEGIN = frozenset(".,;:!?)]}=/")
"""Emphasis does not begin before one of these: `*.txt`, `x *= 2`."""


class MarkupRemover:
    """Of one text."""

    def __init__(self) -> None:
        self._rest = ""
        """Not decided yet."""
        self._before = "\n"
        """The character before it, whether it was told or not."""
        self._open: Counter[str] = Counter()
        """Marks of emphasis that are not closed yet, in this line."""
        self._code = ""
        """The backticks that the code began with that we are in."""

    def feed(self, delta: str) -> str:
        """What of the text is certain now, without its marks."""
        self._rest += delta
        return self._told(final=False)

    def finish(self) -> str:
        """What was held back, the text being complete."""
        return self._told(final=True)

    def _told(self, *, final: bool) -> str:
        told: list[str] = []
        while self._rest and (taken := self._next(final)) is not None:
            length, text = taken
            if length:
                self._before = self._rest[length - 1]
                self._rest = self._rest[length:]
            told.append(text)
        return "".join(told)

    def _next(self, final: bool) -> tuple[int, str] | None:
        """How many characters the next thing has, and what to say for it; None: that is not certain yet."""
        if self._rest[0] == "\n":
            return self._end_of_line()
        if self._rest[0] == "`":
            return self._ticks(final)
        if self._code:
            return self._plain(_CODE)
        return self._line(final) if self._before == "\n" else self._inline(final)

    def _inline(self, final: bool) -> tuple[int, str] | None:
        if self._rest[0] in "![":
            return self._link(final)
        return self._emphasis(final) if self._rest[0] in "*_~" else self._plain(_PLAIN)

    def _plain(self, pattern: re.Pattern[str]) -> tuple[int, str]:
        plain = pattern.match(self._rest)
        assert plain is not None
        return plain.end(), plain[0]

    def _end_of_line(self) -> tuple[int, str]:
        self._open.clear()
        if len(self._code) < 3:
            self._code = ""
        return 1, "\n"

    def _line(self, final: bool) -> tuple[int, str] | None:
        marks = _LINE_MARKS.match(self._rest)
        assert marks is not None
        if marks.end() == len(self._rest) and not final:
            return None
        found = _LINE.match(self._rest[: marks.end() + 1])
        return (found.end(), "") if found is not None else self._inline(final)

    def _ticks(self, final: bool) -> tuple[int, str] | None:
        run = _TICKS.match(self._rest)
        assert run is not None
        if run.end() == len(self._rest) and not final:
            return None
        if self._code:
            self._code = "" if run[0] == self._code else self._code
            return run.end(), ""
        if not final and _FENCE_BEGUN.match(self._rest):
            return None
        self._code = run[0]
        fence = _FENCE.match(self._rest)
        return (run if fence is None else fence).end(), ""

    def _link(self, final: bool) -> tuple[int, str] | None:
        if link := _LINK.match(self._rest):
            # Its text may have marks of its own.
            self._rest = link[1] + self._rest[link.end() :]
            return 0, ""
        if not final and _LINK_BEGUN.match(self._rest):
            return None
        return 1, self._rest[0]

    def _emphasis(self, final: bool) -> tuple[int, str] | None:
        match = _RUN.match(self._rest)
        assert match is not None
        run, end = match[0], match.end()
        if end == len(self._rest) and not final:
            return None
        after = self._rest[end : end + 1]
        if run in _EMPHASIS and self._closes(run, after):
            self._open[run[0]] -= len(run)
            return end, ""
        if run in _EMPHASIS and self._opens(run, after):
            self._open[run[0]] += len(run)
            return end, ""
        return end, run

    def _closes(self, run: str, after: str) -> bool:
        inside = run[0] == "_" and _of_word(after)
        return self._open[run[0]] >= len(run) and not self._before.isspace() and not inside

    def _opens(self, run: str, after: str) -> bool:
        """Scripts without spaces have emphasis between letters; elsewhere that is `2*3` or `snake_case`."""
        inside = _of_word(self._before) and _of_word(after)
        spaced = run[0] == "_" or (self._before + after).isascii()
        return after not in _NEVER_BEGIN and bool(after.strip()) and not (inside and spaced)


def _of_word(character: str) -> bool:
    return character.isalnum() or character == "_"
