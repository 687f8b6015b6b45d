"""Plays a stream of WAV with whatever player this machine has."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable
from itertools import chain

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

INSTALL = f"{sys.executable} -m pip install miniaudio"
"""Brings microphone and loudspeaker to this Python."""
HEAD_BYTES = 44
"""Bytes before the sound in the WAV that the server makes."""
AHEAD_SECONDS = 2.0
"""Most sound that waits to be played."""


def player() -> tuple[str, ...] | None:
    """The first that is installed."""
    return next((command for command in PLAYERS if shutil.which(command[0])), None)


def _has_miniaudio() -> bool:
    try:
        import miniaudio  # noqa: F401
    except ImportError:
        return False
    return True


def can_play() -> None:
    """Raises CommandFailed where nothing here plays, with what to do about it."""
    if player() is None and not _has_miniaudio():
        names = ", ".join(command[0] for command in PLAYERS)
        raise CommandFailed(
            f"There is no player here ({names}): install one or the package miniaudio, or name a file with --output.",
            LACKING,
        )


def play(blocks: Iterable[bytes]) -> None:
    """Plays while it comes; ends when all was heard. Raises CommandFailed where that cannot be."""
    can_play()
    if (command := player()) is None:
        _play_here(blocks)
    else:
        _play_by(command, blocks)


def _play_here(blocks: Iterable[bytes]) -> None:
    """Plays by the package miniaudio: 16 bits, as the server sends it."""
    from clients.command.devices import speaker

    coming = iter(blocks)
    head = b""
    while len(head) < HEAD_BYTES and (block := next(coming, b"")):
        head += block
    if head[:4] != b"RIFF" or len(head) < HEAD_BYTES:
        raise CommandFailed("The server sent no WAV: name a file with --output.")
    channels, rate = struct.unpack_from("<HI", head, 22)
    with speaker(rate, channels) as sounding:
        for block in chain([head[HEAD_BYTES:]], coming):
            sounding.write(1, block)
            sounding.wait_below(AHEAD_SECONDS)
        sounding.wait_below(0)


def _play_by(command: tuple[str, ...], blocks: Iterable[bytes]) -> None:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            for block in blocks:
                process.stdin.write(block)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has given up, and says why
        reason = process.stderr.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        told = reason[-1] if reason else "no reason given"
        raise CommandFailed(
            f"{command[0]} gave up: {told}. Is there a sound device? Else name a file with --output.", LACKING
        )
