"""The hand-over of blocks from eSpeak NG's thread to their reader."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from engines.tts.espeak_blocks import GATHER_SECONDS, MOST_BLOCKS, Blocks
from stts.errors import EngineError
from tests.patient import PATIENCE


def test_the_first_block_goes_at_once_and_the_rest_of_the_moment_together() -> None:
    blocks = Blocks(lambda: 0.0)
    reader = iter(blocks)
    blocks.put(b"a")
    # At the time 0 the first moment is over.
    assert next(reader) == b"a"
    for block in (b"b", b"c", b"d"):
        blocks.put(block)
    blocks.end()
    assert list(reader) == [b"bcd"]


def test_what_waits_goes_when_its_moment_is_over() -> None:
    times = iter([0.0, 0.0, 0.0, GATHER_SECONDS / 2, GATHER_SECONDS, GATHER_SECONDS, GATHER_SECONDS])
    blocks = Blocks(lambda: next(times))
    reader = iter(blocks)
    blocks.put(b"a")
    assert next(reader) == b"a"
    blocks.put(b"b")
    blocks.put(b"c")
    assert next(reader) == b"bc"


def test_all_bytes_come_in_order_whatever_the_threads_do() -> None:
    blocks = Blocks()
    written = [bytes([number % 256]) * (number % 7) for number in range(3 * MOST_BLOCKS)]

    def speak() -> None:
        assert all(blocks.put(block) for block in written)
        blocks.end()

    speaker = threading.Thread(target=speak)
    speaker.start()
    assert b"".join(blocks) == b"".join(written)
    speaker.join(PATIENCE)


def test_an_error_comes_after_what_was_said() -> None:
    blocks = Blocks()
    blocks.put(b"a")
    blocks.end(EngineError("broken"))
    reader = iter(blocks)
    assert next(reader) == b"a"
    with pytest.raises(EngineError, match="broken"):
        next(reader)


def test_a_speaker_that_waits_for_room_learns_that_the_reader_has_left() -> None:
    blocks = Blocks()
    told: list[bool] = []
    speaker = threading.Thread(target=lambda: told.extend(blocks.put(b"a") for _ in range(MOST_BLOCKS + 1)))
    speaker.start()
    reader: Iterator[bytes] = iter(blocks)
    assert list(islice(reader, 0)) == []
    blocks.leave()
    speaker.join(PATIENCE)
    assert len(told) == MOST_BLOCKS + 1 and told[-1] is False


def test_where_nobody_waits_the_first_block_waits_for_others() -> None:
    blocks = Blocks(lambda: 0.0, hurried=False)
    for block in (b"a", b"b"):
        blocks.put(block)
    blocks.end()
    assert list(blocks) == [b"ab"]
