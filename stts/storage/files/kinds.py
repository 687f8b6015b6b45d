"""The kinds of stored files, their ids, and what an audio file is called on disk and on the wire."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

from stts.audio.formats import FORMATS

Kind = Literal["references", "uploads", "outputs", "consents"]

KINDS: tuple[Kind, ...] = get_args(Kind)

CUSTOM_VOICE = "voice"
"""Prefix of the ids of references that are known by their id alone, whatever people call them."""

_PREFIXES: Mapping[str, Kind] = MappingProxyType(
    {"ref": "references", CUSTOM_VOICE: "references", "upl": "uploads", "out": "outputs", "cons": "consents"}
)
_ID = re.compile(rf"({'|'.join(_PREFIXES)})_[A-Za-z0-9_-]{{22}}")
_RANDOM_BYTES = 16

RAW = FORMATS["pcm"].extension
"""Extension of raw PCM, which has no header that says what it is."""

BLEND = ".blend"
"""Extension of a voice that an engine makes of several: its file holds the blend in words."""

UNKNOWN = ".audio"
"""Extension of what is decodable and has no common name."""

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        **{spec.extension: spec.media_type for spec in FORMATS.values()},
        ".m4a": "audio/mp4",
        ".webm": "audio/webm",
        ".aiff": "audio/aiff",
        ".caf": "audio/x-caf",
        ".au": "audio/basic",
        ".amr": "audio/amr",
        ".wma": "audio/x-ms-wma",
        ".avi": "video/x-msvideo",
        ".ts": "video/mp2t",
        ".mpg": "video/mpeg",
        BLEND: "text/plain",
        UNKNOWN: "application/octet-stream",
    }
)
"""Extension -> media type."""

AUDIO_EXTENSIONS = frozenset(MEDIA_TYPES) | {
    ".3gp", ".aif", ".aifc", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp4", ".mpeg", ".oga", ".ogv", ".opus", ".spx",
    ".wave", ".weba", ".wmv",
}  # fmt: skip
"""Extensions stripped from names of recordings. Any other dot belongs to the name: `Dr. Smith`."""

_EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "wav": ".wav",
        "w64": ".wav",
        "mp3": ".mp3",
        "ogg": ".ogg",
        "flac": ".flac",
        "aac": ".aac",
        "mov": ".m4a",
        "matroska": ".webm",
        "aiff": ".aiff",
        "caf": ".caf",
        "au": ".au",
        "amr": ".amr",
        "asf": ".wma",
        "avi": ".avi",
        "mpegts": ".ts",
        "mpeg": ".mpg",
    }
)
"""ffmpeg's first name of a container -> extension."""


def extension_of(container: str) -> str:
    """Extension by content, so that no upload is served as a type that it only claims."""
    return _EXTENSIONS.get(container.partition(",")[0], UNKNOWN)


def new_id(kind: Kind, prefix: str | None = None) -> str:
    return f"{prefix or _prefix(kind)}_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def id_of_name(kind: Kind, name: str) -> str:
    """The id of a file that somebody put into the folder by hand: the same after every restart."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:_RANDOM_BYTES]
    return f"{_prefix(kind)}_{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def kind_of(id: str) -> Kind | None:
    """The kind of file that an id names; None for a malformed id."""
    match = _ID.fullmatch(id)
    return _PREFIXES[match[1]] if match else None


def _prefix(kind: Kind) -> str:
    return next(prefix for prefix, known in _PREFIXES.items() if known == kind)
