"""The exit statuses of `stts`, as docs/command.md lists them."""

from __future__ import annotations

from stts.command_line import CLOSED_PIPE as CLOSED_PIPE
from stts.command_line import INTERRUPTED as INTERRUPTED
from stts.command_line import REFUSED as REFUSED
from stts.command_line import UNFORESEEN as UNFORESEEN
from stts.command_line import UNREACHED as UNREACHED
from stts.command_line import USAGE as USAGE
from stts.command_line import CommandFailed as CommandFailed
from stts.interruption import TERMINATED as TERMINATED

DONE = 0
ANSWERED_NO = 1
"""The command was carried out, and what it found is bad: an engine that fails its probe, say."""
LACKING = 5
"""This machine lacks something that the command needs: a player, a sound device, a package."""
