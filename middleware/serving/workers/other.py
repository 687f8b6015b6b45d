"""Another worker, as one knows it that hands connections over: its load, and what it was asked to take.

A connection is kept until the other says that it has it. Where it does not take it, or has gone without having said so,
it was never begun, and comes back.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence

from middleware.serving.load import BUSY
from middleware.serving.workers.channel import Channel, Message
from middleware.serving.workers.door import Door
from middleware.serving.workers.load_page import mapped

TAKE, TAKEN, LEFT = "take", "taken", "left"
"""Messages: a connection with the number by which it is answered, that it was taken, and that it was not."""
AT = "at"
"""The address at which it was accepted."""
MOST_ASKED = 64
"""Connections that one is asked to take before it has answered."""

Take = Callable[[str, socket.socket], bool]
"""Takes a connection that was accepted at an address; False where nobody is let in there."""


class Other:
    def __init__(self, end: socket.socket, page: int, take: Take, gone: Callable[[Other], None]) -> None:
        """`end`: of a channel to it; `page`: the file of its load, the caller's; `gone`: is told of its end."""
        self._channel = Channel(end)
        self._page = mapped(page)
        self._asked: dict[int, tuple[Door, socket.socket]] = {}
        self._number = 0
        self._take = take
        self._gone = gone
        self._channel.open(self._heard, self._end)

    @property
    def load(self) -> int:
        """With those that it has yet to take."""
        return self._page[0] + BUSY * len(self._asked)

    @property
    def asked(self) -> int:
        return len(self._asked)

    @property
    def is_free(self) -> bool:
        """False while it leaves too much unanswered."""
        return len(self._asked) < MOST_ASKED

    def hand(self, door: Door, connection: socket.socket) -> None:
        """Asks it to take what came through a door of this worker."""
        self._number += 1
        self._asked[self._number] = (door, connection)
        try:
            self._channel.send({TAKE: self._number, AT: door.where}, [connection])
        except OSError:  # This process can have no file any more.
            self._back(self._number)

    def close(self) -> None:
        """Takes back what the other has not answered yet."""
        self._channel.close()
        self._page.release()
        for number in list(self._asked):
            self._back(number)

    def _heard(self, message: Message, files: Sequence[int]) -> None:
        if TAKE in message:
            # Without a file where this process can have none any more.
            is_taken = bool(files) and self._is_taken(message[AT], files[0])
            self._channel.send({TAKEN if is_taken else LEFT: message[TAKE]})
        elif TAKEN in message:
            _, connection = self._asked.pop(message[TAKEN])
            connection.close()
        elif LEFT in message:
            self._back(message[LEFT])

    def _back(self, number: int) -> None:
        door, connection = self._asked.pop(number)
        door.serve(connection)

    def _is_taken(self, where: str, file: int) -> bool:
        try:
            connection = socket.socket(fileno=file)
        except OSError:
            os.close(file)
            return False
        if self._take(where, connection):
            return True
        connection.close()
        return False

    def _end(self) -> None:
        self.close()
        self._gone(self)
