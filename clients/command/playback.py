"""Plays a stream of WAV with whatever player this machine has."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable

from clients.command.exit_status import LACKING, CommandFailed

PLAYERS = (
    ("paplay",),
    ("pw-play", "-"),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet", "-"),
    ("play", "-q", "-t", "wav", "-"),
    ("mpv", "--really-quiet", "-"),
)
"""Programs that play WAV from their standard input, in the order in which they are tried."""


def player() -> tuple[str, ...]:
    """The first that is installed. Raises CommandFailed where none is."""
    found = next((command for command in PLAYERS if shutil.which(command[0])), None)
    if found is None:
        names = ", ".join(command[0] for command in PLAYERS)
        raise CommandFailed(f"There is no player here ({names}): give --output FILE.", LACKING)
    return found


def play(blocks: Iterable[bytes]) -> None:
    """Plays while it comes; ends when all was heard. Raises CommandFailed where the player gives up."""
    command = player()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            for block in blocks:
                process.stdin.write(block)
            process.stdin.close()
        except BrokenPipeError:
            reason = process.stderr.read().decode(errors="replace").strip().splitlines()
            raise CommandFailed(
                f"{command[0]} gave up: {reason[-1] if reason else 'no reason given'}", LACKING
            ) from None
    if process.returncode:
        raise CommandFailed(f"{command[0]} ended with {process.returncode}: is there a sound device?", LACKING)
