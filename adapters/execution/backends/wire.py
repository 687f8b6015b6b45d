"""Messages between parent and child process, all of them pickled.

The parent sends `sys.path`, a `Setup`, then requests; the child answers each with any number of `item` or, in a load,
`progress`, and then `end` or `error`. Beside that, `control` carries the number of a call that is to end at its next
yield.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from stts.errors import STTSError

PROTOCOL = 5
"""Pickle protocol: arrays travel as raw bytes."""
NUMBER = struct.Struct("<Q")
"""Format of a call's number, on `control`."""

Request = tuple[int, str, tuple[Any, ...]]
"""Number, method, values."""
Kind = Literal["item", "progress", "end", "error"]
Answer = tuple[Kind, Any]


@dataclass(frozen=True, slots=True)
class Setup:
    target: str
    """`module:Class` of the engine."""
    options: BaseModel


@dataclass(frozen=True, slots=True)
class Failure:
    """The value of an `error`."""

    error: STTSError
    trace: str
    """Traceback without the messages of foreign exceptions, which may quote the user."""
