"""Messages between a server and its workers: frames of plain values, over a stream socket.

A frame is three numbers, a JSON text, and the bytes of the arrays and byte strings that it holds. Nothing is pickled:
the other side may be another interpreter, and names no class of ours.

The server sends a `WorkerSpec`, then requests, each with the spans (`traceparent`) that it works for, if any. The
worker answers with any number of `item` or, in a load, `progress`, and then `end` or `error`, each with the times of
its own work where there is a span. Beside that, a second socket, `control`, carries the number of a call that is to end
at its next yield.
"""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from adapters.execution.backends.backend import OwnWork
from stts import errors
from stts.errors import EngineError, STTSError
from stts.models import CatalogueModel

NUMBER = struct.Struct("<Q")
"""The number of a call, on `control`."""
HEAD = struct.Struct("<IIQ")
"""Bytes of the JSON text; how many parts follow it, and their bytes."""
MOST_TEXT = 1 << 25
MOST_DATA = 1 << 30
"""Bytes of a frame beyond which it was written by something else: an hour of audio has 400 MB as samples."""
JOINED = 1 << 16
"""Bytes up to which a frame leaves in one piece: beyond, copying costs more than another system call."""

Kind = Literal["item", "progress", "end", "error"]
KINDS = frozenset(get_args(Kind))
FAILURE = frozenset({"kind", "message", "param", "allowed", "retry_after", "trace"})
"""Members of an `error`."""


WITH_WORK = 3
"""Members of an answer that tells times."""


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
    """The engine's models of the catalogue: another environment may lack the packages that bring it."""
    offline: bool = False
    """No weights are to be fetched."""
    own_environment: bool = False
    """The interpreter is of another environment than the server's."""
    quote_output: bool = False
    """The worker's output is quoted in the log also where it may be a user's words."""

    def to_plain(self) -> list[Any]:
        """The first message to a child, as plain values."""
        models = [model.model_dump(mode="json", exclude_defaults=True) for model in self.known_models.values()]
        return [self.target, dict(self.options), self.options_key, list(self.model_folders), models, self.offline]


def send(sock: socket.socket, value: Any) -> None:
    """Writes a frame. Raises TypeError for what is no plain value, before the first byte leaves; OSError."""
    parts: list[Any] = []

    def described(part: Any) -> Any:
        if isinstance(part, np.ndarray):
            if part.dtype.hasobject:
                raise TypeError("An array of objects is no plain value.")
            if part.nbytes > MOST_DATA:
                raise TypeError("An array is too large.")
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
    if len(text) > MOST_TEXT or data > MOST_DATA:
        raise TypeError("The value is too large.")
    head = HEAD.pack(len(text), len(parts), data)
    if data <= JOINED:
        sock.sendall(b"".join((head, text, *parts)))
        return
    sock.sendall(head + text)
    for part in parts:
        sock.sendall(part)


def receive(sock: socket.socket) -> Any:
    """Reads a frame; nothing that follows it. Raises EOFError where the other side has gone, Unreadable, OSError.

    What it claims to hold is believed up to the limits only, and no memory is taken for more than its head announces.
    """
    text_bytes, parts, data_bytes = HEAD.unpack(_exactly(sock, HEAD.size))
    if text_bytes > MOST_TEXT or data_bytes > MOST_DATA:
        raise Unreadable
    try:
        value = json.loads(_exactly(sock, text_bytes))
        if not parts and not data_bytes:
            return value
        reader = _Parts(sock, data_bytes)
        value = reader.restored(value)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable from error
    if reader.left:
        raise Unreadable
    return value


def read_answer(answer: Any) -> tuple[Kind, Any]:
    """The kind and value of a worker's answer. Raises Unreadable for what is none."""
    if not isinstance(answer, list) or len(answer) not in (2, WITH_WORK):
        raise Unreadable
    if not isinstance(answer[0], str) or answer[0] not in KINDS:
        raise Unreadable
    kind, value = answer[:2]
    if kind in ("item", "progress") and not (isinstance(value, list) and len(value) == 2):
        raise Unreadable
    if kind == "error" and not (isinstance(value, dict) and value.keys() >= FAILURE):
        raise Unreadable
    return kind, value


def read_work(answer: Sequence[Any]) -> OwnWork | None:
    """The times that an answer tells; None where it tells none."""
    times = answer[2] if len(answer) == WITH_WORK else None
    if not isinstance(times, list) or len(times) != 3:
        return None
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in times):
        return None
    began, ended, busy = map(float, times)
    return OwnWork(began, ended, busy)


class _Parts:
    """Arrays and byte strings of a frame, which follow its text in the same order."""

    def __init__(self, sock: socket.socket, data_bytes: int) -> None:
        self._sock = sock
        self.left = data_bytes

    def restored(self, value: Any) -> Any:
        """The value with its parts."""
        if isinstance(value, list):
            return [self.restored(each) if isinstance(each, list | dict) else each for each in value]
        if (described := value.get("$array")) is not None:
            return self._array(*described)
        if (count := value.get("$bytes")) is not None:
            self._take(count)
            return _exactly(self._sock, count)
        return {name: self.restored(each) if isinstance(each, list | dict) else each for name, each in value.items()}

    def _array(self, name: str, shape: list[int]) -> Any:
        """The array, in memory of its own that may be written."""
        dtype = np.dtype(name)
        if dtype.hasobject or not all(isinstance(side, int) and side >= 0 for side in shape):
            raise Unreadable
        self._take(math.prod(shape) * dtype.itemsize)
        array = np.empty(shape, dtype)
        if array.size:
            _fill(self._sock, array.reshape(-1).view(np.uint8).data)
        return array

    def _take(self, count: int) -> None:
        if not 0 <= count <= self.left:
            raise Unreadable
        self.left -= count


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
    kind = getattr(errors, str(values["kind"]), None)
    if not (isinstance(kind, type) and issubclass(kind, STTSError)):
        kind = EngineError
    return kind(
        str(values["message"]), param=values["param"], allowed=values["allowed"], retry_after=values["retry_after"]
    )


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray(count)
    _fill(sock, memoryview(data))
    return bytes(data)


def _fill(sock: socket.socket, target: memoryview) -> None:
    """Waits for all of it in one call of the system: after each the interpreter is asked for anew."""
    while target:
        count = sock.recv_into(target, 0, socket.MSG_WAITALL)
        if not count:
            raise EOFError
        target = target[count:]
