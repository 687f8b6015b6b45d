"""Messages between a server and its workers: frames of plain values, over a stream socket.

A frame is three numbers, a JSON text, and the bytes of the arrays and byte strings that it holds. Nothing is pickled:
the other side may be another interpreter, and names no class of ours.

The server sends a `WorkerSpec`, then requests; the worker answers each with any number of `item` or, in a load,
`progress`, and then `end` or `error`. Beside that, a second socket, `control`, carries the number of a call that is to
end at its next yield.
"""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from stts import errors
from stts.errors import EngineError, STTSError
from stts.models import CatalogueModel

NUMBER = struct.Struct("<Q")
"""The number of a call, on `control`."""
HEAD = struct.Struct("<IIQ")
"""Bytes of the JSON text; how many parts follow it, and their bytes."""
MOST_TEXT = 1 << 28
MOST_DATA = 1 << 34
"""Bytes of a frame beyond which it was written by something else."""
JOINED = 1 << 16
"""Bytes up to which a frame leaves in one piece: beyond, copying costs more than another system call."""

Kind = Literal["item", "progress", "end", "error"]


class Unreadable(Exception):
    """Raised where the bytes that were read are no frame."""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How a worker is started, and which engine it makes."""

    python: Path
    """Interpreter that runs it; it must find numpy, pydantic and the engine's own libraries."""
    target: str
    """`module:Class` of the engine."""
    options: Mapping[str, Any]
    """The engine's options, as the operator wrote them."""
    options_key: str = ""
    """Where they are written, for messages."""
    model_folders: tuple[str, ...] = ()
    """Folders in which it looks for models."""
    known_models: Mapping[str, CatalogueModel] = field(default_factory=dict)
    """The model catalogue: another environment may lack the packages that bring it."""

    def to_plain(self) -> list[Any]:
        """The first message to a child, as plain values."""
        models = [model.model_dump(mode="json", exclude_defaults=True) for model in self.known_models.values()]
        return [self.target, dict(self.options), self.options_key, list(self.model_folders), models]


def send(sock: socket.socket, value: Any) -> None:
    """Writes a frame. Raises TypeError for what is no plain value, before the first byte leaves; OSError."""
    parts: list[Any] = []

    def described(part: Any) -> Any:
        if isinstance(part, np.ndarray):
            if part.dtype.hasobject:
                raise TypeError("An array of objects is no plain value.")
            whole = np.ascontiguousarray(part)
            parts.append(whole.reshape(-1).view(np.uint8).data if whole.size else b"")
            return {"$array": [part.dtype.str, part.shape]}
        if isinstance(part, np.generic):
            return part.item()
        if isinstance(part, bytes):
            parts.append(part)
            return {"$bytes": len(part)}
        raise TypeError(f"{type(part).__name__} is no plain value.")

    text = json.dumps(value, default=described, separators=(",", ":"), check_circular=False).encode()
    if text.count(b'"$array":') + text.count(b'"$bytes":') != len(parts):
        raise TypeError("A mapping has a key that stands for arrays or bytes.")
    data = sum(len(part) for part in parts)
    head = HEAD.pack(len(text), len(parts), data)
    if data <= JOINED:
        sock.sendall(b"".join((head, text, *parts)))
        return
    sock.sendall(head + text)
    for part in parts:
        sock.sendall(part)


def receive(stream: BinaryIO) -> Any:
    """Reads a frame. Raises EOFError where the other side has gone, Unreadable, OSError."""
    text_bytes, parts, data_bytes = HEAD.unpack(_exactly(stream, HEAD.size))
    if text_bytes > MOST_TEXT or data_bytes > MOST_DATA:
        raise Unreadable
    try:
        value = json.loads(_exactly(stream, text_bytes))
        return _restored(value, stream) if parts else value
    except (ValueError, TypeError, AttributeError) as error:
        raise Unreadable from error


def _restored(value: Any, stream: BinaryIO) -> Any:
    """The value with its arrays and byte strings, which follow in its order."""
    if isinstance(value, list):
        return [_restored(each, stream) if isinstance(each, list | dict) else each for each in value]
    if (described := value.get("$array")) is not None:
        return _read_array(stream, *described)
    if (count := value.get("$bytes")) is not None:
        return _exactly(stream, count)
    return {name: _restored(each, stream) if isinstance(each, list | dict) else each for name, each in value.items()}


def failure(error: STTSError, trace: str) -> dict[str, Any]:
    """The value of an `error`; `trace` tells where it was raised, without messages, which may quote the user."""
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "param": error.param,
        "allowed": error.allowed,
        "retry_after": error.retry_after,
        "trace": trace,
    }


def read_failure(values: Mapping[str, Any]) -> STTSError:
    """The error that a worker tells. A kind that does not exist here is an EngineError."""
    kind = getattr(errors, values["kind"], None)
    if not (isinstance(kind, type) and issubclass(kind, STTSError)):
        kind = EngineError
    return kind(values["message"], param=values["param"], allowed=values["allowed"], retry_after=values["retry_after"])


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _read_array(stream: BinaryIO, dtype: str, shape: list[int]) -> Any:
    """The array, in memory of its own that may be written."""
    array = np.empty(shape, np.dtype(dtype))
    if array.dtype.hasobject:
        raise Unreadable
    if math.prod(shape):
        target = array.reshape(-1).view(np.uint8).data
        if stream.readinto(target) < len(target):  # type: ignore[attr-defined]
            raise EOFError
    return array
