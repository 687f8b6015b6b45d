"""Listens to the regions of one recording, and tells who says what.

An engine that tells when each word was said hears a region whole, and its words are shared out. Of another the region
is cut first where the voice changes, so that no segment is of two speakers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from adapters.detection.speakers import EngineSpeakers
from adapters.transcription.known_speakers import known_voices
from adapters.transcription.region_listener import RegionListener
from stts.engine_api import STT_SAMPLE_RATE, Segment
from stts.transcription import SpeakerWishes
from stts.vad.regions import Region
from stts.voices.change_points import Windows, turns_of
from stts.voices.diarisation import Diarisation

SHORTEST_TURN = 0.5
"""Seconds of a region below which nothing is cut off: no engine would hear a word in it."""


class DiarisedListener:
    def __init__(
        self, listener: RegionListener, speakers: EngineSpeakers, wishes: SpeakerWishes, *, word_times: bool
    ) -> None:
        """`word_times`: the listener tells when each word was said."""
        self._listener = listener
        self._speakers = speakers
        self._wishes = wishes
        self._word_times = word_times
        self._diarisation: Diarisation | None = None

    async def prepare(self) -> None:
        """Listens to the voices that are known.

        Raises InvalidParameter where nothing tells speakers apart, and for recordings of speakers that are none.
        """
        await self._speakers.require()
        known = await known_voices(self._wishes.known, self._speakers)
        self._diarisation = Diarisation(self._wishes, self._speakers.same(), known)

    async def listen(self, region: Region) -> AsyncGenerator[Segment, None]:
        """The segments that can be told by now: perhaps none of this region, perhaps those of earlier ones."""
        assert self._diarisation is not None
        windows = await self._speakers.windows(region.samples, region.start)
        segments: list[Segment] = []
        for part in self._parts(region, windows):
            async with aclosing(self._listener.listen(part)) as heard:
                segments += [segment async for segment in heard]
        if segments:
            for segment in await asyncio.to_thread(lambda d: list(d.add(windows, segments)), self._diarisation):
                yield segment

    async def finish(self) -> AsyncGenerator[Segment, None]:
        """The segments that are still to be told."""
        assert self._diarisation is not None
        for segment in await asyncio.to_thread(lambda d: list(d.finish()), self._diarisation):
            yield segment

    def _parts(self, region: Region, windows: Windows) -> Iterator[Region]:
        if self._word_times:
            yield region
            return
        for start, end in turns_of(windows, self._speakers.same(), SHORTEST_TURN):
            first, last = (round((each - region.start) * STT_SAMPLE_RATE) for each in (start, end))
            yield Region(start, region.samples[first:last])
