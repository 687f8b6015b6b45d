"""The pulse of a bot, and what a health check makes of it."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from clients.chat.pulse import beating
from clients.chat.settings import InvalidSettings
from deploy.docker.alive import MOST_SECONDS, lives
from tests.patience import PATIENCE


async def test_it_beats_as_long_as_the_bot_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clients.chat.pulse.SECONDS", 0.0)
    file = tmp_path / "pulse"
    assert not lives(file)
    async with beating(file), asyncio.timeout(PATIENCE):
        assert lives(file)
        long_ago = time.time() - MOST_SECONDS
        os.utime(file, (long_ago, long_ago))
        while not lives(file):  # noqa: ASYNC110 - a file tells nobody of its change
            await asyncio.sleep(0.01)
    assert not lives(file)


async def test_a_pulse_that_stands_still_is_no_life(tmp_path: Path) -> None:
    async with beating(tmp_path / "pulse"):
        long_ago = time.time() - MOST_SECONDS - 1
        os.utime(tmp_path / "pulse", (long_ago, long_ago))
        assert not lives(tmp_path / "pulse")


async def test_without_a_file_nothing_beats() -> None:
    async with beating(None):
        assert len(asyncio.all_tasks()) == 1


async def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"pulse: .* cannot be written"):
        async with beating(tmp_path / "nowhere" / "pulse"):
            pass


async def test_a_disk_that_fails_later_ends_no_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("clients.chat.pulse.SECONDS", 0.0)
    folder = tmp_path / "gone"
    folder.mkdir()
    async with beating(folder / "pulse"):
        (folder / "pulse").unlink()
        folder.rmdir()
        while not caplog.messages:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    assert caplog.messages[0].startswith("the pulse cannot be written")
