"""Introductions: the parent makes its workers known to each other, so that they can share connections without it."""

from __future__ import annotations

from typing import BinaryIO

from middleware.serving.workers.channel import Channel, channel_pair
from middleware.serving.workers.worker import MEET


class Introductions:
    """One for a server of several workers."""

    def __init__(self) -> None:
        self._here: dict[Channel, BinaryIO] = {}
        """Channels to the workers that serve, and the files of their loads."""

    def enter(self, channel: Channel, page: BinaryIO) -> None:
        """A worker serves from now on. `page`: the file of its load, which is closed here when it has gone."""
        for other, load in self._here.items():
            one, two = channel_pair()
            with one, two:
                channel.send({MEET: True}, [one, load])
                other.send({MEET: True}, [two, page])
        self._here[channel] = page

    def leave(self, channel: Channel) -> None:
        """It has ended, whether it served or not."""
        if (page := self._here.pop(channel, None)) is not None:
            page.close()
