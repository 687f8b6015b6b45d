"""Names that people give to files: kept as given, in one normal form, unless they would mean something to a path.

A name may hold any writing, punctuation and emoji. What nobody sees and nobody types (line breaks, marks that turn the
direction of writing) is left out of it, so that two names which look alike are one.
"""

from __future__ import annotations

import unicodedata

from stts.engine_state import AUTO
from stts.errors import InvalidRequest
from stts.storage.files.kinds import AUDIO_EXTENSIONS
from stts.storage.files.owners import owned

MOST_BYTES = 255
"""Longest name in bytes: the limit of common file systems."""
MOST_REFERENCE_BYTES = 190
"""Longest name of a reference in bytes: its file has this name and up to 18 bytes for its owner, and its sidecar's
temporary name is 34 bytes longer. A voice is named with its extension too, in at most 200 characters."""
_MOST_READ = 4 * MOST_BYTES
"""Characters looked at: composed, they may become fewer."""

_PATH = frozenset("/\\")
_JOINERS = frozenset("\u200c\u200d")
"""Invisible, but Persian is spelled and emoji are joined with them."""
_TAGS = range(0xE0020, 0xE0080)
"""Letters of which the flags of parts of a country are made."""


def is_plain(name: str) -> bool:
    """True if a file of this name, found in a folder, is listed."""
    return not name.startswith(".") and _PATH.isdisjoint(name) and all(map(_is_kept, name))


def safe_name(name: str, most_bytes: int = MOST_BYTES) -> str:
    """The name in its normal form. Raises InvalidRequest with the reason for one that a client may not give."""
    if len(name) > _MOST_READ:
        raise _refused(f"is longer than {most_bytes} bytes")
    if any(character == "\0" or unicodedata.category(character) == "Cs" for character in name):
        raise _refused("is no text: it holds a zero byte or half a character")
    normal = cleaned(name)
    if not _PATH.isdisjoint(normal):
        raise _refused("holds a / or a \\: give the name alone, without its folders")
    if normal.startswith("."):
        raise _refused("begins with a dot")
    if not any(map(_is_seen, normal)):
        raise _refused("is empty")
    if len(normal.encode()) > most_bytes:
        raise _refused(f"is longer than {most_bytes} bytes in UTF-8")
    return normal


def reference_name(name: str) -> str:
    """The bare name of a voice: `Dr. Smith` for `Dr. Smith` and `Dr. Smith.wav`. Raises InvalidRequest."""
    bare = safe_name(stem(safe_name(name)), MOST_REFERENCE_BYTES)
    if bare.casefold() == AUTO:
        raise _refused("is the word for a voice that nobody has named")
    if owned(bare).owner is not None:
        raise _refused("ends like that of a user's file, in @ and 16 digits")
    return bare


def cleaned(name: str) -> str:
    """Normal form of a name: one form of accents and spaces, whoever has typed or copied it."""
    visible = "".join(" " if character.isspace() else character for character in name)
    normal = unicodedata.normalize("NFC", "".join(filter(_is_kept, visible)))
    return " ".join(word for word in normal.split(" ") if word)


def same_voice(name: str) -> str:
    """Key for comparing voice names: letter case and the extension do not tell voices apart."""
    return unicodedata.normalize("NFC", stem(cleaned(name)).casefold())


def stem(name: str) -> str:
    """`anna.wav` -> `anna`, `Dr. Smith` -> `Dr. Smith`: only what audio files end in is an extension."""
    while extension(name) in AUDIO_EXTENSIONS:
        name = name.rpartition(".")[0].rstrip()
    return name


def extension(name: str) -> str:
    """`anna.WAV` -> `.wav`."""
    before, _, end = name.rpartition(".")
    return f".{end.lower()}" if before else ""


def _is_kept(character: str) -> bool:
    if character in _JOINERS or ord(character) in _TAGS:
        return True
    # Unassigned (Cn) stays: newer emoji than this Python knows.
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" or unicodedata.category(character) in ("Cn", "Co")


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest(f"The name {reason}. Any other name is kept as it is given.", param="name")
