"""Detects audio missing from damaged files whose readers skip the damage silently."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from stts.audio.source import Source

if TYPE_CHECKING:
    from av.packet import Packet

SILENT_READERS = ("ogg", "flac")
"""Containers whose readers pass over what they cannot use, and whose packets follow each other without a gap."""

_OGG = b"OggS"
_OGG_HEADER = 27
_OGG_LONGEST_PAGE = _OGG_HEADER + 255 + 255 * 255
_RIFF = b"RIFF"
_RIFF_UNKNOWN = 0x7FFF0000
"""Programs that stream WAV state this size or more."""
_GAP_SECONDS = 0.01
"""More than rounding, less than a packet."""


class GapFinder:
    """Detects lost packets by gaps in the timestamps of the remaining ones."""

    def __init__(self) -> None:
        self._due: Fraction | None = None

    def precedes(self, packet: Packet[Any]) -> bool:
        """True if audio is missing between the previous packet and this one."""
        if packet.pts is None or packet.time_base is None:
            return False
        start = packet.pts * packet.time_base
        missing = self._due is not None and start - self._due > _GAP_SECONDS
        self._due = start + (packet.duration or 0) * packet.time_base
        return missing


def is_cut_off(file: Source) -> bool:
    """True if a WAV file is shorter than it states or an Ogg file ends within a page; False for other kinds."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(8)
    if head.startswith(_RIFF):
        stated = int.from_bytes(head[4:], "little")
        return size < stated + len(head) and stated < _RIFF_UNKNOWN
    if not head.startswith(_OGG):
        return False
    file.seek(max(0, size - _OGG_LONGEST_PAGE))
    return _ends_within_page(file.read())


def _ends_within_page(tail: bytes) -> bool:
    page = tail[max(0, tail.rfind(_OGG)) :]
    if len(page) < _OGG_HEADER or not page.startswith(_OGG):
        return True
    segments = page[26]
    return len(page) != _OGG_HEADER + segments + sum(page[_OGG_HEADER : _OGG_HEADER + segments])
