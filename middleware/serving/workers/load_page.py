"""The load of a worker in a page of memory that others map: read without asking, and gone with its last reader."""

from __future__ import annotations

import mmap
import os
from typing import BinaryIO

NAME = "load of a worker"
BYTES = 8


def new_page() -> BinaryIO:
    """A file in memory that holds one number, 0 at first."""
    page = os.fdopen(os.memfd_create(NAME), "r+b", buffering=0)
    os.ftruncate(page.fileno(), BYTES)
    return page


def mapped(file: int) -> memoryview[int]:
    """The number of such a file, as its only item. An aligned number is read and written as a whole."""
    return memoryview(mmap.mmap(file, BYTES)).cast("q")
