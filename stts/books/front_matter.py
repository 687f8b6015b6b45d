"""Facts in the front matter of Markdown: plain lines `key: value` in front of the text.

No YAML is read: aliases and nesting of strangers take memory without a bound, and dates that are none are errors there.
Values of another kind than a text on one line (lists, blocks, aliases) are left out.
"""

from __future__ import annotations

import re

LONGEST_VALUE = 1000
"""Characters of a value that are read."""
_BLOCK = re.compile(r"\A---[^\S\n]*\n(.{0,20000}?)\n(?:---|\.\.\.)[^\S\n]*\n", re.DOTALL)
_FACT = re.compile(r"(title|author|language|lang)[^\S\n]*:[^\S\n]+(\S[^\n]*)", re.IGNORECASE)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_NO_TEXT = tuple("\"'[{&*!|>%@`#")
"""Beginnings of values that are no plain text in YAML."""


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """Its title, author and language (`lang` too) where they stand there, each with text; and the text behind it."""
    found = _BLOCK.match(text)
    if found is None:
        return {}, text
    facts: dict[str, str] = {}
    for line in found[1].split("\n"):
        if (fact := _FACT.match(line)) and (value := _text(fact[2][:LONGEST_VALUE])):
            facts.setdefault(fact[1].lower(), value)
    return facts, text[found.end() :]


def _text(value: str) -> str:
    if quoted := _DOUBLE.match(value):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if quoted := _SINGLE.match(value):
        return quoted[1].replace("''", "'")
    return "" if value.startswith(_NO_TEXT) else value.split(" #")[0].strip()
