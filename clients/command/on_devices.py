"""Plays a stream of WAV on devices by name: a virtual cable, and one's own ears at the same time."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Iterable, Iterator, Sequence

from clients.command.exit_status import LACKING, UNREACHED, CommandFailed
from clients.command.incoming import Blocks
from clients.command.playback import HEAD_BYTES
from clients.desktop.sound.device import Device, Machine, SoundFailed, named
from clients.desktop.sound.lane import SAMPLE_BYTES
from clients.desktop.sound.machine import Miniaudio
from clients.desktop.sound.outputs import Lost, Outputs


def devices(names: Sequence[str], machine: Machine | None = None) -> tuple[Device, ...]:
    """Those of these names or ids. Raises CommandFailed for a name of none or of several, with those that are there."""
    try:
        there = (machine or Miniaudio()).devices()
        return tuple(named(name, there) for name in names)
    except SoundFailed as failed:
        raise CommandFailed(str(failed), LACKING) from failed


def play_on(names: Sequence[str], blocks: Iterable[bytes]) -> None:
    """Plays while it comes; ends when all was heard. Raises CommandFailed where no device is left to play it."""
    asyncio.run(play(names, iter(blocks), Miniaudio()))


async def play(names: Sequence[str], coming: Iterator[bytes], machine: Machine) -> None:
    """`coming` is asked in a thread of its own, which nobody waits for: a pipe may never end."""
    blocks = Blocks()
    failures: list[Exception] = []
    threading.Thread(target=_feed, args=(blocks, coming, failures), daemon=True).start()
    lost: list[Lost] = []
    outputs = Outputs(machine, lost.append)
    head, rest, begun = b"", b"", False
    try:
        async for block in blocks:
            if not begun:
                head += block
                if len(head) < HEAD_BYTES:
                    continue
                outputs.use(devices(names, machine), _rate(head))
                block, begun = head[HEAD_BYTES:], True
            if not outputs.devices:
                break
            # A part may end in the middle of a sample.
            block = rest + block
            whole = len(block) // SAMPLE_BYTES * SAMPLE_BYTES
            rest = block[whole:]
            await outputs.write(block[:whole])
        if failures:
            raise failures[0]
        if not head:
            return
        if not begun:
            _rate(head)
        await outputs.finish()
        if not outputs.devices:
            raise CommandFailed(lost[-1].reason if lost else "There is no device to play on.", LACKING)
    finally:
        outputs.close()


def _rate(head: bytes) -> int:
    if head[:4] != b"RIFF" or len(head) < HEAD_BYTES:
        raise CommandFailed("The server sent no WAV: name a file with --output.", UNREACHED)
    return int(struct.unpack_from("<I", head, 24)[0])


def _feed(blocks: Blocks, coming: Iterator[bytes], failures: list[Exception]) -> None:
    try:
        for block in coming:
            if not blocks.put(block):
                return
    except Exception as failed:  # noqa: BLE001 - raised again where it is waited for
        failures.append(failed)
    blocks.put(None)
