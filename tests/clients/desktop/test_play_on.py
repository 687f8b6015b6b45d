"""`stts say --device` with devices in memory: what it plays, and that it ends when it is asked to."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Iterator

import pytest

from clients.command.exit_status import CommandFailed
from clients.command.on_devices import play
from tests.clients.desktop.sounding import MemoryMachine
from tests.patience import PATIENCE

HEAD = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 0, b"WAVEfmt ", 16, 1, 1, 24_000, 48_000, 2, 16, b"data", 0)


def test_it_ends_while_the_next_block_is_waited_for() -> None:
    """The pipe says nothing more: `tail -f` before it, and Ctrl+C."""
    machine = MemoryMachine()
    asked, more, ended = threading.Event(), threading.Event(), threading.Event()

    def pipe() -> Iterator[bytes]:
        yield HEAD + b"\1\2" * 100
        asked.set()
        more.wait(PATIENCE)
        ended.set()

    async def interrupted() -> None:
        task = asyncio.create_task(play(["Virtual cable"], pipe(), machine))
        await asyncio.to_thread(asked.wait, PATIENCE)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(interrupted())
    assert not ended.is_set(), "it has waited for the pipe"
    assert machine.open_now == []
    more.set()
    assert ended.wait(PATIENCE)


@pytest.mark.parametrize(
    ("blocks", "told"),
    [([b"ID3", b"x" * 50], "no WAV"), ([b"RIFF"], "no WAV"), ([HEAD], None), ([], None)],
)
async def test_what_is_no_wav_is_told(blocks: list[bytes], told: str | None) -> None:
    machine = MemoryMachine()
    task = asyncio.create_task(play(["Headphones"], iter(blocks), machine))
    while not task.done():
        machine.play()
        await asyncio.wait([task], timeout=0.01)
    failed = task.exception()
    assert (failed is None) if told is None else (isinstance(failed, CommandFailed) and told in str(failed))


@pytest.mark.parametrize("failed", [CommandFailed("It broke off."), ValueError("broke off")])
async def test_a_failure_in_the_middle_is_told(failed: Exception) -> None:
    def broken() -> Iterator[bytes]:
        yield HEAD + b"\1\2"
        raise failed

    with pytest.raises(type(failed), match="broke off"):
        await play(["Headphones"], broken(), MemoryMachine())
