"""Kept speech: its values, and the bytes that a slower tier holds of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import product, starmap
from typing import Any, Literal

from stts.cache.compression import compressed, restored

StoredKind = Literal["answer", "sentence", "alias"]

MAGIC = b"STTSC1\r\n"
"""Begins each entry, and names the version of its form: others are no entries."""
HASH_BYTES = 32
LENGTH_BYTES = 4
HEAD_BYTES = len(MAGIC) + HASH_BYTES + LENGTH_BYTES
WHOLE_BYTES = "whole_bytes"
"""In the header of an entry that is compressed: the bytes of its audio."""
MOST_HEADER_BYTES = 1_000_000
OVERHEAD_BYTES = 1_000
"""Memory that an entry takes beside its audio, about."""


@dataclass(frozen=True, slots=True)
class Label:
    """The part of an entry that removals look at."""

    engine: str
    voices: tuple[str, ...]
    owner: str | None

    @property
    def selections(self) -> Iterator[Selection]:
        """All that take it: to look for them among many takes no longer than among few."""
        return starmap(Selection, product((None, self.engine), (None, *self.voices), {None, self.owner}))


@dataclass(frozen=True, slots=True)
class Stored:
    """One piece of speech that was made to its end."""

    kind: StoredKind
    data: bytes
    """The audio: a whole file of an answer, the samples of a sentence. Of an alias: the key of its answer."""
    engine: str
    """The engine instance that made it."""
    created: float
    """Unix time."""
    expires: float
    """Unix time from which on it is made anew."""
    voices: tuple[str, ...] = ()
    """Names of its voice: its id, and the digest of its recording."""
    owner: str | None = None
    """Id of the user whose recording the voice is; None: the voice is no user's."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """JSON values that whoever keeps it reads again. Never a text."""

    @property
    def label(self) -> Label:
        return Label(self.engine, self.voices, self.owner)

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, about."""
        return len(self.data) + OVERHEAD_BYTES

    def age(self, now: float) -> float:
        """Seconds; 0 where the clock was set back."""
        return max(0.0, now - self.created)

    def is_fresh(self, now: float) -> bool:
        """False once it has expired, and where a clock that was wrong would make it last longer than it may."""
        return self.created - (self.expires - self.created) <= now < self.expires


@dataclass(frozen=True, slots=True)
class Selection:
    """The entries that are meant: those to which everything applies that is not None."""

    engine: str | None = None
    voice: str | None = None
    """An id, or the digest of a recording."""
    owner: str | None = None

    def takes(self, entry: Stored) -> bool:
        return (
            self.engine in (None, entry.engine)
            and (self.voice is None or self.voice in entry.voices)
            and self.owner in (None, entry.owner)
        )


EVERYTHING = Selection()


def pack(key: str, entry: Stored, *, compress: bool = False) -> bytes:
    """The entry as bytes. Their hash covers the key too, so that a file under another name is no entry."""
    about = {each.name: getattr(entry, each.name) for each in fields(entry) if each.name != "data"}
    data = entry.data
    if compress and (smaller := compressed(data)) is not None:
        about[WHOLE_BYTES], data = len(data), smaller
    header = json.dumps(about, separators=(",", ":")).encode()
    rest = len(header).to_bytes(LENGTH_BYTES, "big") + header + data
    return MAGIC + _hash(key, rest) + rest


def unpack(key: str, packed: bytes) -> Stored | None:
    """The entry; None for anything that `pack` has not made under this key, or that was changed since."""
    if len(packed) < HEAD_BYTES or not packed.startswith(MAGIC):
        return None
    start = len(MAGIC) + HASH_BYTES
    # A view: an entry is not copied to be hashed.
    if packed[len(MAGIC) : start] != _hash(key, memoryview(packed)[start:]):
        return None
    size = int.from_bytes(packed[start:HEAD_BYTES], "big")
    return _described(packed[HEAD_BYTES : HEAD_BYTES + size], packed[HEAD_BYTES + size :])


def described(packed: bytes) -> Stored | None:
    """The entry without its audio, from the first bytes of it, unchecked; None where they are none, or too few."""
    if len(packed) < HEAD_BYTES or not packed.startswith(MAGIC):
        return None
    size = int.from_bytes(packed[HEAD_BYTES - LENGTH_BYTES : HEAD_BYTES], "big")
    header = packed[HEAD_BYTES : HEAD_BYTES + size]
    return _described(header, b"") if len(header) == size else None


def as_json(entry: Stored) -> dict[str, Any]:
    """All of it but the audio."""
    return asdict(entry) | {"data": len(entry.data)}


def _described(header: bytes, data: bytes) -> Stored | None:
    try:
        about = json.loads(header)
        size = about.pop(WHOLE_BYTES, None)
        whole = data if size is None or not data else restored(data, size)
        return None if whole is None else Stored(data=whole, **{**about, "voices": tuple(about["voices"])})
    except (ValueError, TypeError, KeyError):
        return None


def _hash(key: str, rest: bytes | memoryview) -> bytes:
    digest = hashlib.blake2b(key.encode(), digest_size=HASH_BYTES)
    digest.update(rest)
    return digest.digest()
