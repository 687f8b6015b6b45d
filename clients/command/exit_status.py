"""The exit statuses of `stts`, as docs/command.md lists them."""

from __future__ import annotations

DONE = 0
ANSWERED_NO = 1
"""The command was carried out, and what it found is bad: an engine that fails its probe, say."""
USAGE = 2
"""The command line itself is wrong: an option, a format, a file of the wrong kind."""
UNREACHED = 3
"""No server answers, or it broke off."""
REFUSED = 4
"""The server, or a file of this machine, refused."""
LACKING = 5
"""This machine lacks something that the command needs: a player, a sound device, a package."""
INTERRUPTED = 130
"""Ctrl-C."""


class CommandFailed(Exception):
    """A command cannot go on. Its message is for the person at the terminal."""

    def __init__(self, message: str, status: int = REFUSED) -> None:
        super().__init__(message)
        self.status = status
