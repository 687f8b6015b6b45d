"""Names that people give to files. A name is one plain word of a path, or it is refused."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from stts.errors import InvalidRequest

MOST_BYTES = 120
"""Leaves room for the sidecar's name within the 255 bytes of common file systems."""

_NAME = re.compile(r"\w[\w .,;'()\[\]{}+&#!@=~$-]*(?<![ .])")
_MESSAGE = (
    f"A file name is at most {MOST_BYTES} bytes of letters, digits, spaces and punctuation; it starts with a letter "
    "or digit and holds no path, no % and no two dots in a row."
)


def is_plain(name: str) -> bool:
    """Whether a file of this name, found in a folder, is shown at all."""
    return not name.startswith(".") and name.isprintable() and "/" not in name and "\\" not in name


def safe_name(name: str) -> str:
    """The name in its normal form. Raises InvalidRequest for one that a client may not give."""
    normal = normal_form(name[: MOST_BYTES + 1])
    if len(normal.encode("utf-8", "surrogatepass")) > MOST_BYTES or not _NAME.fullmatch(normal) or ".." in normal:
        raise InvalidRequest(_MESSAGE, param="name")
    return normal


def normal_form(name: str) -> str:
    """The same for one name, however its accents are written."""
    return unicodedata.normalize("NFC", name)


def stem(name: str) -> str:
    """`anna.wav` -> `anna`."""
    return PurePosixPath(name).stem


def extension(name: str) -> str:
    """`anna.WAV` -> `.wav`."""
    return PurePosixPath(name).suffix.lower()
