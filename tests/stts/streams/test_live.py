from __future__ import annotations

import asyncio

import numpy as np

from stts.streams.live import SAMPLE_RATE, LiveAudio, LiveText, Mark


async def test_text_comes_out_as_it_was_written() -> None:
    text = LiveText(10)
    text.write("one ")
    text.write("")
    text.write("two")
    text.flush()
    text.close()
    assert text.characters == 7
    assert await text.take() == ["one ", "two", Mark.FLUSH]
    assert await text.take() == []


async def test_a_flush_of_nothing_is_none() -> None:
    text = LiveText(10)
    for _ in range(1000):
        text.flush()
    text.write("a")
    for _ in range(1000):
        text.flush()
    assert await text.take() == ["a", Mark.FLUSH]


async def test_a_writer_waits_for_the_reader() -> None:
    text = LiveText(3)
    text.write("four")
    waiting = asyncio.create_task(text.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await text.take()
    await waiting


def test_audio_remembers_how_its_pieces_were_judged() -> None:
    audio, unjudged = LiveAudio(1.0), LiveAudio(1.0)
    for probability in (0.25, None, 0.5):
        audio.write(np.zeros(512, np.float32), probability)
    unjudged.write(np.zeros(512, np.float32))
    assert audio.probabilities.tolist() == [0.25, 1.0, 0.5]
    assert not unjudged.probabilities


async def test_audio_counts_what_waits() -> None:
    audio = LiveAudio(1.0)
    audio.write(np.zeros(8000, np.float32))
    audio.write(np.zeros(0, np.float32))
    audio.checkpoint()
    assert (audio.seconds, audio.waiting) == (0.5, 0.5)
    samples, mark = await audio.take()
    assert isinstance(samples, np.ndarray)
    assert len(samples) == 8000
    assert mark is Mark.CHECKPOINT
    assert audio.waiting == 0


async def test_a_text_can_be_taken_again_until_it_is_settled() -> None:
    text = LiveText(100)
    text.keep(20)
    text.write("one ")
    assert await text.take() == ["one "]
    text.flush()
    text.write("two")
    assert text.rewind()
    assert await text.take() == ["one "]
    assert await text.take() == [Mark.FLUSH, "two"]
    assert text.rewind()
    text.settle()
    assert not text.rewind()
    text.close()
    assert await text.take() == ["one ", Mark.FLUSH, "two"]
    assert await text.take() == []


async def test_only_so_much_text_is_kept() -> None:
    text = LiveText(100)
    text.keep(5)
    text.write("123456")
    await text.take()
    assert not text.rewind()


async def test_audio_can_be_taken_again_until_it_is_settled() -> None:
    audio = LiveAudio(100.0)
    audio.keep(1.0)
    audio.write(np.ones(SAMPLE_RATE // 2, np.float32))
    first = await audio.take()
    audio.checkpoint()
    audio.close()
    await audio.take()
    assert audio.rewind()
    again = await audio.take()
    assert again[0] is first[0]
    assert again[1:] == [Mark.CHECKPOINT]
    assert await audio.take() == []
    audio.settle()
    assert not audio.rewind()


async def test_only_so_much_audio_is_kept() -> None:
    audio = LiveAudio(100.0)
    audio.keep(1.0)
    audio.write(np.ones(2 * SAMPLE_RATE, np.float32))
    await audio.take()
    assert not audio.rewind()
