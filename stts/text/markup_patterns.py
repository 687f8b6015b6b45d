"""Patterns of markup, for `stts.text.markup`. Each pattern is bounded, so that no text takes more than linear time.

A pattern with the word BEGUN matches the end of a text that may become what the other one matches.
"""

from __future__ import annotations

import re

PLAIN = re.compile(r"(?:[^`*_~\[!\n&<\\=|hH]|(?<=\w)[hH]|[hH](?!ttps?://))+")
UNMARKED = re.compile(r"[^\W\d_](?:[^\W_]|[ ,.;:!?'’-])*")
"""A whole text of one line in which nothing can be a mark."""
CODE = re.compile(r"[^`\n]+")
TICKS = re.compile(r"`{1,100}")
FENCE = re.compile(r"`{3,100}[^`\n]{0,100}(?=\n)")
FENCE_BEGUN = re.compile(r"`{3,100}[^`\n]{0,100}\Z")

RUN = re.compile(r"\*{1,100}|_{1,100}|~{1,100}|={1,100}")
EMPHASIS = frozenset({"*", "**", "***", "_", "__", "___", "~~", "=="})
NEVER_BEGIN = frozenset(".,;:!?)]}=/")
"""Emphasis does not begin before one of these: `*.txt`, `x *= 2`."""

_TARGET = r"\((?:[^()\n]|\([^()\n]{0,100}\)){0,500}\)"
_IMAGE = r"!\[[^\[\]\n]{0,200}\]\([^()\n]{0,500}\)"
LINK = re.compile(rf"!?\[((?:[^\[\]\n]|{_IMAGE}){{0,200}})\]{_TARGET}")
LINK_BEGUN = re.compile(
    rf"!?(?:\[(?:[^\[\]\n]|{_IMAGE}){{0,200}}"
    r"(?:!\[?[^\[\]\n]{0,200}(?:\](?:\([^()\n]{0,500})?)?|"
    r"(?:\](?:\((?:[^()\n]|\([^()\n]{0,100}\)){0,500}(?:\([^()\n]{0,100})?)?)?)?)?\Z"
)
REFERENCE = re.compile(r"\[([^\[\]\n]{1,200})\]\[[^\[\]\n]{0,100}\]")
REFERENCE_BEGUN = re.compile(r"\[[^\[\]\n]{1,200}\]\[[^\[\]\n]{0,100}\Z")
DEFINITION = re.compile(r"\[[^\[\]\n]{1,100}\]:[ \t]{0,9}https?://[^\n]{0,2000}(?=\n|\Z)")
DEFINITION_BEGUN = re.compile(
    r"\[[^\[\]\n]{1,100}\](?::[ \t]{0,9}(?:h|ht|htt|http|https|https?:|https?:/|https?://[^\n]{0,2000})?)?\Z"
)
FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,50}\](?::[ \t]?)?")
FOOTNOTE_BEGUN = re.compile(r"\[(?:\^[^\[\]\s]{0,50}(?:\]:?)?)?\Z")
TASK = re.compile(r"\[[ xX]\][ \t]+(?=\S)")
TASK_BEGUN = re.compile(r"\[[ xX]\][ \t]{0,9}\Z")

ADDRESS = re.compile(r"""[hH]ttps?://[^\s<>()\[\]{}"'`*|\\]{1,2000}""")
ADDRESS_BEGUN = re.compile(r"[hH](?:t(?:t(?:p(?:s?(?::/{0,2})?)?)?)?)?\Z")
ADDRESS_END = ".,;:!?…"
"""Belongs to the sentence around an address."""

ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
ENTITY_BEGUN = re.compile(r"&(?:#[xX]?[0-9a-fA-F]{0,7}|[A-Za-z][A-Za-z0-9]{0,31})?\Z")

_TAGS = (
    "abbr|a|blockquote|big|br|b|center|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|img|ins|i|kbd"
    "|li|mark|ol|pre|p|q|samp|small|span|strike|strong|sub|summary|sup|s|table|tbody|td|tfoot|thead|th|tr|tt|ul|u|var"
)
TAG = re.compile(
    rf"<(/?)({_TAGS})(?:\s{{1,20}}[\w:-]{{1,40}}\s?=\s?(?:\"[^\"\n]{{0,300}}\"|'[^'\n]{{0,300}}'|[^\s\"'<>=`]{{1,300}})){{0,20}}"
    r"\s{0,20}/?>",
    re.IGNORECASE,
)
COMMENT = re.compile(r"<!--[^<>]{0,500}-->")
BRACKETED = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,500}|[\w.+-]{1,64}@[\w.-]{1,255})>")
"""An address or a mailbox between angle brackets."""
TAG_BEGUN = re.compile(
    rf"<(?:/?[a-z][^\s<>]{{0,300}}|/|/?(?:{_TAGS})\s[^<>\n]{{0,500}}|!-{{0,2}}|!--[^<>]{{0,500}})?\Z", re.I
)
BLOCK_TAGS = re.compile(r"br|p|div|li|tr|h[1-6]|blockquote|dd|dt|figcaption|summary|hr|pre", re.IGNORECASE)
STOP_TAGS = re.compile(r"li|h[1-6]|tr|dd|dt|figcaption|summary", re.IGNORECASE)

ESCAPED = frozenset("\\`*_{}[]()#+-.!~|<>\"'&=")
FORMULAS = re.compile(
    r"\\(?:n(?:abla|eq?|eg|u|ot|otin)|t(?:heta|au|imes|ext(?:bf|it|rm)?|anh?|o|op|riangle|frac)|r(?:ho|ight(?:arrow)?|m|angle))(?![A-Za-z])"
)
"""Commands of TeX that begin like the escapes of a line end and a tab."""
FORMULAS_LONGEST = 11
PATH = re.compile(r"[\"'(]?(?:[A-Za-z]:|\\\\)")
"""A word that names a place on a disk, in which backslashes part names."""

ACTION = re.compile(r"\*([a-z]{2,20}(?:[ '’-][A-Za-z]{1,20}){0,6})[.!…]?\*(?=\s|\Z)")
ACTION_BEGUN = re.compile(r"\*(?:[a-z]{1,20}(?:[ '’-][A-Za-z]{0,20}){0,6}[.!…]?\*?)?\Z")
ACTION_WORD = re.compile(
    r"[a-z]{2,}(?:s|ing)|sigh|laugh|cough|chuckle|giggle|gasp|nod|smile|wink|sniff|grin|shrug|yawn|clap|sob|whisper|bow"
    r"|pause|wave|gulp|groan"
)
NO_ACTION = re.compile(
    r"always|anything|across|as|besides|during|evening|everything|his|is|its|king|less|morning|news|nothing|perhaps|plus"
    r"|something|sometimes|thanks|thing|this|thus|unless|was|yes"
)

LINE_BEGUN = re.compile(r"(?:[ \t#*+•_=>|:-]{0,1000}|[ \t]{0,20}\d{1,9}(?:[.)][ \t]{0,20})?)\Z")
"""Beginnings of a line that do not yet decide its kind."""
NO_WORDS = re.compile(
    r"(?:[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*|[ \t]*={2,}[ \t]*"
    r"|[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?[ \t]*)(?=\n|\Z)"
)
"""A rule, the underline of a heading, the line below the head of a table."""
HEADING = re.compile(r"[ \t]*#{1,6}[ \t]+(?=\S)(?!of\b)")
HEADING_BEGUN = re.compile(r"[ \t]*#{1,6}[ \t]+(?:of?)?\Z")
BULLET = re.compile(r"[ \t]*[-*+•][ \t]+(?=\S)")
NUMBER = re.compile(r"[ \t]*\d{1,9}[.)][ \t]+(?=\S)")
ROW = re.compile(r"[ \t]*\|[ \t]*")
CELL = re.compile(r"\|[ \t]*")
QUOTE = re.compile(r"[ \t]*>[ \t]*(?=\S|\n|\Z)(?!\d)")
