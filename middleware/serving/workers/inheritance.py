"""Inheritance of a worker: what its parent gives it with its start, by a variable and open files."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field

VARIABLE = "STTS_WORKER"


@dataclass(frozen=True, slots=True, eq=False)
class Inheritance:
    number: int
    """1 for the first worker; the one that takes the place of another has its number."""
    channel: socket.socket
    peers: socket.socket
    """A stream to the parent, by which the workers share what they count."""
    is_first: bool = False
    """True for the one that starts alone, before all others."""
    sockets: Mapping[str, socket.socket] = field(default_factory=dict)
    """Sockets of the worker whose place it takes, by the sections of their addresses."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Ports that the system has chosen for the first one."""

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> Inheritance | None:
        """None in a process that is no worker. The variable is taken out: it is not for child processes."""
        text = environ.pop(VARIABLE, "")
        if not text:
            return None
        given = json.loads(text)
        return cls(
            number=given["number"],
            channel=_socket(given["channel"]),
            peers=_socket(given["peers"]),
            is_first=given["is_first"],
            sockets={name: _socket(each) for name, each in given["sockets"].items()},
            ports=given["ports"],
        )

    def variable(self) -> str:
        """The value of the variable, for a process that inherits `files`."""
        return json.dumps(
            {
                "number": self.number,
                "channel": self.channel.fileno(),
                "peers": self.peers.fileno(),
                "is_first": self.is_first,
                "sockets": {name: each.fileno() for name, each in self.sockets.items()},
                "ports": dict(self.ports),
            }
        )

    @property
    def files(self) -> list[int]:
        return [each.fileno() for each in (self.channel, self.peers, *self.sockets.values())]


def _socket(file: int) -> socket.socket:
    os.set_inheritable(file, False)
    return socket.socket(fileno=file)
