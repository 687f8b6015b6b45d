"""Worker: the end of one of several server processes that listen at the same addresses, towards their parent."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice

import structlog

from middleware.serving.workers.addresses import SharedAddresses
from middleware.serving.workers.channel import MOST_SOCKETS, Channel, Message
from middleware.serving.workers.inheritance import Inheritance
from middleware.serving.workers.sharing import Sharing

HAND_OVER, MEET = "hand_over", "meet"
"""Messages of the channel from the parent: a wish, and the end of a channel to another worker with its load."""
READY, SOCKETS = "ready", "sockets"
"""Messages to it."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Worker:
    """One for the process."""

    def __init__(self, given: Inheritance) -> None:
        self.number = given.number
        self.is_first = given.is_first
        self.peers = given.peers
        self._sharing = Sharing()
        self.addresses = SharedAddresses(given.sockets, given.ports, self._sharing, is_first=given.is_first)
        self._channel = Channel(given.channel)

    @asynccontextmanager
    async def attached(self) -> AsyncIterator[None]:
        """Does what the parent asks for meanwhile, and ends this process at once where the parent has gone."""
        self._channel.open(self._heard, _end)
        try:
            yield
        finally:
            self._sharing.close()
            self._channel.close()

    def started(self) -> None:
        """Tells that this one accepts clients at all of its addresses."""
        self.addresses.started()
        self._channel.send({READY: self.addresses.ports}, [self._sharing.page])

    def _heard(self, message: Message, files: list[int]) -> None:
        if HAND_OVER in message:
            # Who follows opens those beyond by itself.
            sockets = dict(islice(self.addresses.sockets().items(), MOST_SOCKETS))
            self._channel.send({SOCKETS: list(sockets)}, list(sockets.values()))
        if MEET in message:
            end, page = files
            self._sharing.meet(socket.socket(fileno=end), page)
            os.close(page)


def _end() -> None:
    """The parent was killed: nobody would end this process any more. The second Ctrl-C is the one that cuts off."""
    log.error("parent_gone")
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
