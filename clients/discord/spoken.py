"""Words of a message, as a person would read it out: names for ids, a word for what nobody reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from clients.discord.platform import Attached, Kind

SHORT_CODE = 40
"""Characters of code in a line that are read."""
WordFor = Callable[[str], str]
"""The bot's words for a thing: `link`, `code`, `spoiler` and so on."""
Names = Callable[[Kind, int], str | None]

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_CODE = re.compile(r"(`{1,2})(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_SPOILER = re.compile(r"\|\|.+?\|\|", re.DOTALL)
_MASKED = re.compile(r"\[([^\[\]\n]{1,500})\]\(<?[a-z]{1,20}://[^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)?>?\)", re.I)
_LINK = re.compile(r"<?\b(?:(?:https?|discord|steam)://|www\.)[^\s<>]*[^\s<>.,:;!?)'\"]>?", re.I)
_MENTION = re.compile(r"<(@[!&]?|#)(\d{1,20})>")
_EMOJI = re.compile(r"<a?:(\w{1,64}):\d{1,20}>")
_COMMAND = re.compile(r"</([^<>:\n]{1,100}):\d{1,20}>")
_PLACE = re.compile(r"<id:(?:customize|browse|guide|home|linked-roles)>")
_MOMENT = re.compile(r"<t:(-?\d{1,15})(?::([tTdDfFR]))?>")
_QUOTED = re.compile(r"^(?:>>> ?|> ?|-# )", re.MULTILINE)
_MARKS = re.compile(r"[*_~`|<>\[\]\\]+")
_MANY_LETTERS = re.compile(r"([^\W\d_])\1{3,}")
_MANY_SIGNS = re.compile(r"([^\w\s.])\1{2,}|(\.)\2{3,}")
_TWICE = re.compile(r"\b(\S{2,64})(?:[\s,]+\1\b){2,}")
_KINDS: dict[str, Kind] = {"@": "person", "@!": "person", "@&": "role", "#": "channel"}
_SPACE = re.compile(r"\s+")


def spoken(text: str, names: Names, words: WordFor, attached: Sequence[Attached] = ()) -> str:
    """The words of a message; empty where there is nothing to say. What Markdown is left, the server reads."""
    text = _FENCE.sub(lambda found: f" {words('code')}. ", text)
    pieces, place = [], 0
    for found in _CODE.finditer(text):
        code = found[2].strip()
        # Nothing in code is a mention or a link.
        shown = _plain(code) if len(code) <= SHORT_CODE else words("code")
        pieces += [_prose(text[place : found.start()], names, words), shown]
        place = found.end()
    pieces.append(_prose(text[place:], names, words))
    said = "".join(pieces)
    if attached:
        said = ", ".join([*filter(None, [said.strip()]), *map(words, dict.fromkeys(attached))])
    said = _TWICE.sub(r"\1", said)
    return said.strip()


def _prose(text: str, names: Names, words: WordFor) -> str:
    text = _SPOILER.sub(f" {words('spoiler')} ", text)
    text = _MASKED.sub(r"\1", text)
    text = _LINK.sub(words("link"), text)
    text = _MENTION.sub(lambda found: _name(found, names, words), text)
    text = _EMOJI.sub(lambda found: f" {_emoji(found[1])} ", text)
    text = _COMMAND.sub(lambda found: found[1], text)
    text = _PLACE.sub(lambda found: words("channel"), text)
    text = _MOMENT.sub(_moment, text)
    text = _QUOTED.sub("", text)
    text = _MANY_LETTERS.sub(r"\1\1\1", text)
    return _MANY_SIGNS.sub(lambda found: found[1] or "...", text)


def _name(found: re.Match[str], names: Names, words: WordFor) -> str:
    kind = _KINDS[found[1]]
    name = names(kind, int(found[2]))
    return _plain(name) if name and _plain(name) else words(kind)


def _plain(name: str) -> str:
    """A name without what would be read as Markdown."""
    return _SPACE.sub(" ", _MARKS.sub(" ", name)).strip()


def _emoji(name: str) -> str:
    """`pepe_laugh`, `PepeLaugh`: pepe laugh, Pepe Laugh."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").strip()


def _moment(found: re.Match[str]) -> str:
    """A time in UTC: whoever listens sees their own on the screen, which nobody here knows."""
    try:
        moment = datetime.fromtimestamp(int(found[1]), UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    clock, day = f"{moment:%H:%M} UTC", f"{moment.year:04d}-{moment:%m-%d}"
    style = found[2] or "f"
    return clock if style in "tT" else day if style in "dD" else f"{day}, {clock}"
