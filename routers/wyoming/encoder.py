"""Encodes transcripts and speech as Wyoming events. No sockets: events of an operation in, Wyoming events out."""

from __future__ import annotations

from collections.abc import Iterator

from routers.wyoming.frames import Event
from stts.speech import AudioChunk
from stts.text.transcript import separator
from stts.transcription import TranscriptEvent, TranscriptPartial, TranscriptSegment

CHUNK_BYTES = 8192
"""Bytes of one audio-chunk: 0.1 to 0.3 s."""
WIDTH = 2
"""Bytes of a sample: s16le, mono."""
SILENCE_RATE = 22_050
"""Hz told of audio that there is none of."""


class TranscriptEncoder:
    """Encodes the transcript of one stream of audio: the words of its regions, one after the other."""

    def __init__(self, language: str | None) -> None:
        """`language`: BCP 47; None: that of the first region that shows one."""
        self._language = language
        self._text = ""
        """Text that was told so far."""
        self._within = True
        """Words of the region were told."""

    def start(self) -> Event:
        return Event("transcript-start", self._shape)

    def begin_region(self) -> None:
        """The events that follow are those of the next region."""
        self._within = not self._text

    def to_messages(self, event: TranscriptEvent) -> list[Event]:
        """Returns one event or none."""
        if isinstance(event, TranscriptSegment):
            self._language = self._language or event.segment.language
        elif isinstance(event, TranscriptPartial) and event.stable_delta:
            text = event.stable_delta if self._within else separator(self._language) + event.stable_delta
            self._within = True
            self._text += text
            return [Event("transcript-chunk", {"text": text})]
        return []

    def stop(self) -> list[Event]:
        return [Event("transcript", {"text": self._text, **self._shape}), Event("transcript-stop")]

    @property
    def _shape(self) -> dict[str, str]:
        return {"language": self._language} if self._language else {}


class AudioEncoder:
    """Encodes the audio of one answer: a start, chunks, a stop."""

    def __init__(self, rate: int = SILENCE_RATE) -> None:
        """`rate`: Hz; the default is for an answer without audio."""
        self._shape = {"rate": rate, "width": WIDTH, "channels": 1}
        self._bytes = 0

    def start(self) -> Event:
        return Event("audio-start", {**self._shape, "timestamp": 0})

    def to_messages(self, chunk: AudioChunk) -> Iterator[Event]:
        """Gives the chunk in events that are not too large."""
        for start in range(0, len(chunk.data), CHUNK_BYTES):
            part = chunk.data[start : start + CHUNK_BYTES]
            yield Event("audio-chunk", {**self._shape, "timestamp": self._timestamp}, part)
            self._bytes += len(part)

    def stop(self) -> Event:
        return Event("audio-stop", {"timestamp": self._timestamp})

    @property
    def _timestamp(self) -> int:
        """Milliseconds of audio sent."""
        return self._bytes * 1000 // (WIDTH * self._shape["rate"])
