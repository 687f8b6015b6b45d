from __future__ import annotations

import asyncio
import io
import random
import threading
from typing import Literal

import numpy as np
import pytest

from adapters.transcription.live_decoders import LiveDecoder, LiveDecoders
from stts.audio.decode import Decoder
from stts.audio.encode import Encoder
from stts.engine_api import Samples
from stts.errors import Busy, UndecodableAudio
from stts.settings import LimitSettings, Settings
from stts.speech import AudioFormat
from tests.patient import PATIENCE
from tests.stts.audio.signals import tone

FORMATS: list[AudioFormat] = ["opus", "mp3", "flac", "aac", "wav"]


def decoders(most: int = 4) -> LiveDecoders:
    return LiveDecoders(lambda: Settings(limits=LimitSettings(live_decoders=most)))


def recording(format: AudioFormat, seconds: float = 3.0) -> bytes:
    encoder = Encoder(format, 24_000)
    return encoder.encode(tone(seconds, 24_000)) + encoder.finish()


def webm(seconds: float = 3.0) -> bytes:
    """As a browser's MediaRecorder makes it: without a length, cluster after cluster."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="webm", container_options={"live": "1", "cluster_time_limit": "100"}) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(tone(seconds, 48_000).reshape(1, -1), "flt", "mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


async def decoded(decoder: LiveDecoder) -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *[block async for block in decoder]])


async def in_pieces(decoder: LiveDecoder, data: bytes, sizes: random.Random) -> Samples:
    async def write() -> None:
        rest = data
        while rest:
            size = sizes.choice([1, 7, 100, 3000, 50_000])
            await decoder.write(rest[:size])
            rest = rest[size:]
        decoder.end()

    samples, _ = await asyncio.wait_for(asyncio.gather(decoded(decoder), write()), PATIENCE)
    return samples


@pytest.mark.parametrize("format", [*FORMATS, "webm"])
async def test_a_stream_decodes_as_the_whole_file_does(format: AudioFormat | Literal["webm"]) -> None:
    data = webm() if format == "webm" else recording(format)
    whole = np.concatenate(list(Decoder(io.BytesIO(data), max_seconds=10)))
    async with decoders().decoder() as decoder:
        heard = await in_pieces(decoder, data, random.Random(format))
    # A file that can be sought in says more about its padding.
    assert abs(len(heard) - len(whole)) < 0.06 * 16_000
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(np.sqrt(np.mean(whole**2)), rel=0.05)


async def test_what_was_written_is_heard_before_more_comes() -> None:
    data = webm(6.0)
    async with decoders().decoder() as decoder:
        await decoder.write(data[: len(data) // 2])
        heard = 0.0
        async with asyncio.timeout(PATIENCE):
            async for block in decoder:
                heard += len(block) / 16_000
                if heard > 2.5:
                    break


@pytest.mark.parametrize("size", [10, 100_000, 3_000_000])
async def test_garbage_is_refused(size: int) -> None:
    async with decoders().decoder() as decoder:
        with pytest.raises(UndecodableAudio):
            await in_pieces(decoder, random.Random(1).randbytes(size), random.Random(2))


async def test_garbage_is_refused_while_it_still_comes() -> None:
    async with decoders().decoder() as decoder:
        await decoder.write(random.Random(1).randbytes(60_000))
        with pytest.raises(UndecodableAudio):
            await asyncio.wait_for(decoded(decoder), PATIENCE)


async def test_no_more_at_once_than_allowed() -> None:
    limited = decoders(1)
    async with limited.decoder():
        with pytest.raises(Busy):
            async with limited.decoder():
                pass
    async with limited.decoder():
        assert limited.open == 1


@pytest.mark.parametrize("fed", [0, 1000, 20_000])
async def test_leaving_ends_the_thread_whatever_it_does(fed: int) -> None:
    limited = decoders()
    data = webm(60.0)
    threads = threading.active_count()
    async with limited.decoder() as decoder:
        await decoder.write(data[:fed])
        if fed == 20_000:
            await anext(aiter(decoder))
    assert limited.open == 0 and threading.active_count() <= threads + 1
    for thread in threading.enumerate():
        if thread.name == "live-decoder":
            await asyncio.to_thread(thread.join, PATIENCE)
            assert not thread.is_alive()


async def test_being_cancelled_ends_the_thread() -> None:
    limited = decoders()

    async def stay() -> None:
        async with limited.decoder() as decoder:
            await decoded(decoder)

    staying = asyncio.create_task(stay())
    await asyncio.sleep(0)
    staying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await staying
    assert limited.open == 0


async def test_who_does_not_read_stops_the_writer() -> None:
    data = recording("mp3", 60.0)
    async with decoders().decoder() as decoder:

        async def write() -> None:
            for start in range(0, len(data), 1000):
                await decoder.write(data[start : start + 1000])

        writing = asyncio.create_task(write())
        await asyncio.wait([writing], timeout=0.5)
        assert not writing.done()
        writing.cancel()
