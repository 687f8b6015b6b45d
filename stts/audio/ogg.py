"""What was lost of an Ogg file. Its reader skips whatever is no whole page without a word; other containers tell."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any, BinaryIO

from av.packet import Packet

_CAPTURE = b"OggS"
_FIXED_HEADER = 27
_LONGEST_PAGE = _FIXED_HEADER + 255 + 255 * 255
_GAP_SECONDS = 0.05
"""More than rounding, less than a page."""


def is_cut_off(file: BinaryIO) -> bool:
    """Whether an Ogg file ends elsewhere than one of its pages does; False for every other kind of file."""
    file.seek(0)
    if file.read(len(_CAPTURE)) != _CAPTURE:
        return False
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_PAGE))
    tail = file.read()
    page = tail[max(0, tail.rfind(_CAPTURE)) :]
    if len(page) < _FIXED_HEADER or not page.startswith(_CAPTURE):
        return True
    segments = page[26]
    return len(page) != _FIXED_HEADER + segments + sum(page[_FIXED_HEADER : _FIXED_HEADER + segments])


class GapFinder:
    """Sees lost pages in the times of the packets that are left."""

    def __init__(self) -> None:
        self._due: Fraction | None = None

    def precedes(self, packet: Packet[Any]) -> bool:
        """Whether audio is missing between the packet before and this one."""
        if packet.pts is None or packet.time_base is None:
            return False
        start = packet.pts * packet.time_base
        missing = self._due is not None and start - self._due > _GAP_SECONDS
        self._due = start + (packet.duration or 0) * packet.time_base
        return missing
