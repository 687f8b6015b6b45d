"""A channel between the parent and one of its workers: short messages in JSON, which may bring open sockets along."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from array import array
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import structlog

Message = Mapping[str, Any]

MOST_BYTES = 65_536
MOST_SOCKETS = 200
"""Sockets that one message brings."""
MOST_WAITING = 256
"""Messages that wait for a process that reads none."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class HasFile(Protocol):
    def fileno(self) -> int: ...


def channel_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends that keep the bounds of messages. Neither is inherited by chance."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Channel:
    """One end. Nothing is read before `open`."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._waiting: deque[tuple[bytes, list[int]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_message: Callable[[Message, list[int]], None]
        self._on_end: Callable[[], None]

    def open(self, on_message: Callable[[Message, list[int]], None], on_end: Callable[[], None]) -> None:
        """Calls `on_message` with each message and the file descriptors it brings, which are the callee's from then on;
        `on_end` once, when the process at the other end is gone."""
        self._on_message, self._on_end = on_message, on_end
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._end.fileno(), self._read)

    def send(self, message: Message, files: Sequence[HasFile] = ()) -> None:
        """Waits for nothing. A process that has gone, or takes no messages, is not told. `files`: sockets, most of
        all; they stay the caller's."""
        if self._end.fileno() < 0:
            return
        if len(self._waiting) >= MOST_WAITING or self._loop is None:
            log.warning("worker_not_told", message=", ".join(message))
            return
        data, numbers = json.dumps(message).encode(), [each.fileno() for each in files]
        if not self._waiting and self._sent(data, numbers):
            return
        # What waits keeps its files open, whatever becomes of those given.
        self._waiting.append((data, [os.dup(each) for each in numbers]))
        if len(self._waiting) == 1:
            self._loop.add_writer(self._end.fileno(), self._write)

    def close(self) -> None:
        """May be called again."""
        if self._end.fileno() < 0:
            return
        if self._loop is not None:
            self._loop.remove_reader(self._end.fileno())
            self._loop.remove_writer(self._end.fileno())
        self._forget()
        self._end.close()

    def _read(self) -> None:
        try:
            room = socket.CMSG_SPACE(MOST_SOCKETS * array("i").itemsize)
            data, about, _, _ = self._end.recvmsg(MOST_BYTES, room, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except ConnectionResetError:
            # It has gone with messages unread, which is told once, and before those that it had sent itself.
            while self._end.fileno() >= 0:
                self._read()
            return
        except OSError:
            data, about = b"", []
        if data:
            files = array("i", b"".join(each for _, kind, each in about if kind == socket.SCM_RIGHTS))
            self._on_message(json.loads(data), files.tolist())
        else:
            self.close()
            self._on_end()

    def _write(self) -> None:
        assert self._loop is not None
        while self._waiting and self._sent(*self._waiting[0]):
            _close(self._waiting.popleft()[1])
        if not self._waiting:
            self._loop.remove_writer(self._end.fileno())

    def _sent(self, data: bytes, files: Sequence[int]) -> bool:
        """False where it has to wait. To whoever has gone all is sent: their end is told to whoever reads."""
        try:
            socket.send_fds(self._end, [data], files)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def _forget(self) -> None:
        for _, files in self._waiting:
            _close(files)
        self._waiting.clear()


def _close(files: Sequence[int]) -> None:
    for each in files:
        with suppress(OSError):
            os.close(each)
