"""Renders one spoken answer in the engine's worker thread: level, framing, effects, encoding."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from stts.audio.effects import Effects
from stts.audio.filters import LOUDEST, bounded, first_above
from stts.audio.framing import PAUSE_SECONDS, ChunkFramer
from stts.audio.level import LevelMatch
from stts.audio.speech_file import SpeechFile
from stts.audio.word_track import WordTrack
from stts.engine_api import Samples
from stts.speech import AudioChunk, AudioOutput, EffectSettings
from stts.spoken_words import SpokenWord, moved

if TYPE_CHECKING:
    from stts.audio.watermark.marker import Watermarker
    from stts.audio.watermark.network import WatermarkNetwork

QUIETEST_LUFS = -70.0
"""Lowest target of the loudness filter, in LUFS."""
MARKED_SECONDS = 0.5
"""Speech that gets its watermark at once."""
NOTHING = AudioChunk(b"", 0.0)
SILENT = 1e-4
"""Amplitude that nobody hears."""


def is_audible(block: Samples) -> bool:
    """True if any of it can be heard."""
    return first_above(block, SILENT) is not None


class SpeechRenderer:
    """One per answer, for all its pieces: `push` blocks, `end_piece` after each piece of text, `finish` once.

    Every call returns an `AudioChunk`, which is empty where the codec or a fade still holds the audio back.
    """

    def __init__(
        self,
        output: AudioOutput,
        effects: EffectSettings,
        engine_rate: int,
        file: SpeechFile | None = None,
        network: WatermarkNetwork | None = None,
    ) -> None:
        """`engine_rate`: Hz of what is pushed. `file`: the one that this goes on with. `network`: marks the speech."""
        self.encode_seconds = 0.0
        """Seconds of processor time spent on rendering and encoding."""
        self.encoded_between: tuple[float, float] | None = None
        """When that began and ended, by `time.perf_counter()`."""
        self.seconds = 0.0 if file is None else file.encoder.seconds
        """Audio in the chunks returned so far."""
        self.begun = False
        """True once samples that can be heard were pushed: an engine that makes only silence has said nothing."""
        self._output = output
        self._settings = effects
        self._engine_rate = engine_rate
        self._level = LevelMatch(effects.level, effects.own_level, engine_rate)
        self._framer = ChunkFramer(engine_rate, trim_silence=effects.trim_silence)
        self._words = WordTrack(self._framer, effects.speed)
        self._network = network
        self._file = file or SpeechFile(output)
        self._turn = self._file.turn
        self._file_seconds = 0.0 if file is None else file.encoder.taken_seconds
        """Audio of the renderer before."""
        self._inherits = file is not None
        """The first chunk begins with those that the renderer before has left unsent."""
        self._inherited_seconds = 0.0
        """Audio of the renderer before in a chunk that is not sent yet."""
        self._lead: list[Samples] = []
        """Silence before the first sound; a piece bounds it."""
        self._left = False

    @property
    def measured_level(self) -> float | None:
        """Level in dBFS of the engine's audio where it was to be measured: of the first piece, once that has ended."""
        return self._level.measured

    @cached_property
    def _effects(self) -> Effects:
        """The effects chain, opened at the first push, off the event loop, as it takes milliseconds."""
        output, effects = self._output, self._settings
        loudness = effects.normalize
        if loudness is not None:
            # Loudness adds up over channels (ITU-R BS.1770): the same voice on two of them is 3 LU louder than on one.
            loudness = max(loudness - 10 * math.log10(output.channels), QUIETEST_LUFS)
        return Effects(
            self._engine_rate, output.sample_rate, speed=effects.speed, pitch=effects.pitch, normalize=loudness
        )

    @cached_property
    def _watermarker(self) -> Watermarker | None:
        from stts.audio.watermark.marker import Watermarker  # few servers mark their speech

        return None if self._network is None else Watermarker(self._network, self._output.sample_rate)

    def note(self, words: Iterable[SpokenWord]) -> None:
        """Tells of words of the piece: in the seconds of all that was pushed of it, and will be."""
        self._words.note(words)

    def expect(self, samples: Samples) -> None:
        """Tells what is pushed after this, in blocks: the level of a voice is measured on all of it."""
        self._level.expect(samples)

    def push_in_parts(self, block: Samples) -> Iterator[AudioChunk]:
        """Pushes a block. Where it is marked, which takes time, its first half second does not wait for all of it."""
        most = len(block) if self._network is None else round(MARKED_SECONDS * self._engine_rate)
        if len(block) <= most:
            yield self.push(block)
            return
        self.expect(block)
        for start in range(0, len(block), most):
            yield self.push(block[start : start + most])

    def push(self, block: Samples) -> AudioChunk:
        with self._turn:
            if self._left:
                return NOTHING
            start = time.perf_counter()
            # A single NaN of a model would silence every filter for the rest of the answer.
            block = bounded(np.asarray(block, np.float32), LOUDEST)
            if not self.begun:
                if not is_audible(block):
                    # A copy: an engine may yield the same array again and again, with other samples in it.
                    self._lead.append(block.copy())
                    return NOTHING
                if self._lead:
                    block = np.concatenate([*self._lead, block])
                    self._lead.clear()
                self.begun = True
            framed = self._framer.push(self._level.push(block))
            self._words.place()
            return self._chunk(self._render(framed), start)

    def end_piece(self, pause: float = PAUSE_SECONDS) -> AudioChunk:
        """A piece of text is over; at most `pause` seconds of silence follow it, less where a sentence was cut."""
        with self._turn:
            self._lead.clear()
            if self._left or not self.begun:
                self._words.forget()
                return NOTHING
            start = time.perf_counter()
            self._level.end_piece()
            self._words.forget()
            return self._chunk(self._render(self._framer.end_piece(pause), ends=True), start)

    def finish(self) -> AudioChunk:
        """The rest, to the last frame. The renderer cannot be used after that."""
        with self._turn:
            if self._left:
                return NOTHING
            start = time.perf_counter()
            data = self._render(self._framer.end_piece()) + self._flush() + self._file.finish()
            return self._chunk(data, start)

    def leave(self) -> AudioChunk:
        """Flushes the blocks that were pushed, and retires."""
        with self._turn:
            left, self._left = self._left, True
            if left or not self.begun:
                return NOTHING
            start = time.perf_counter()
            return self._chunk(self._render(self._framer.end_piece()) + self._flush(), start)

    def retire(self) -> None:
        """Nothing reaches the file from now on: a thread that was given up may still push blocks, and end the piece.

        The event loop does not wait for a call that is under way; the successor's thread does.
        """
        self._left = True

    def successor(
        self, effects: EffectSettings, engine_rate: int, network: WatermarkNetwork | None = None
    ) -> SpeechRenderer:
        """A renderer that goes on in the same file with the blocks of another engine; nothing of it has begun."""
        after = SpeechRenderer(self._output, effects, engine_rate, self._file, network)
        after.encode_seconds = self.encode_seconds
        return after

    @property
    def unsent(self) -> bool:
        """True if there is something of the file that was not sent; a successor gives it with its own first chunk."""
        return bool(self._file.unsent)

    @property
    def unsent_seconds(self) -> float:
        """Audio of its own that was not sent."""
        if self._inherits:
            return 0.0
        return sum(chunk.seconds for chunk in [*self._file.unsent]) - self._inherited_seconds

    def sent(self, chunk: AudioChunk) -> float:
        """Chunks are sent in the order in which they were made, each alone or joined with those behind it.

        Returns the seconds of it that are this renderer's own.
        """
        inherited, self._inherited_seconds = self._inherited_seconds, 0.0
        left = len(chunk.data)
        while left > 0:
            left -= len(self._file.unsent.popleft().data)
        return chunk.seconds - inherited

    def silence(self, seconds: float) -> AudioChunk:
        """Renders an answer of silence only. The renderer cannot be used after that."""
        start = time.perf_counter()
        samples = np.zeros(round(seconds * self._output.sample_rate), np.float32)
        return self._chunk(self._file.encoder.encode(samples) + self._file.finish(), start)

    def _render(self, samples: Samples, *, ends: bool = False) -> bytes:
        return b"" if self._file.ended else self._encode(self._effects.push(samples), ends=ends)

    def _flush(self) -> bytes:
        return b"" if self._file.ended else self._encode(self._effects.finish(), ends=True)

    def _encode(self, samples: Samples, *, ends: bool) -> bytes:
        """`ends`: the watermark of all that was pushed is to be complete, so that no piece waits for the next one."""
        if (marker := self._watermarker) is not None:
            samples = marker.push(samples)
            samples = np.concatenate([samples, marker.finish()]) if ends else samples
        return self._file.encoder.encode(samples)

    def _chunk(self, data: bytes, start: float) -> AudioChunk:
        file = self._file
        before, seconds = self.seconds, file.encoder.seconds - self.seconds
        # They go with audio, so that the piece which they are words of is known by then.
        words = self._words.take(before - self._file_seconds) if seconds else ()
        self.seconds += seconds
        now = time.perf_counter()
        self.encode_seconds += now - start
        self.encoded_between = (start if self.encoded_between is None else self.encoded_between[0], now)
        if self._inherits:
            data = b"".join(chunk.data for chunk in file.unsent) + data
            self._inherited_seconds = sum(chunk.seconds for chunk in file.unsent)
            seconds += self._inherited_seconds
            words = moved(words, seconds=self._inherited_seconds)
            file.unsent.clear()
        header = file.encoder.header() if file.ended else b""
        chunk = AudioChunk(data, seconds, header=header, words=words, ends=file.ended)
        if data:
            file.unsent.append(chunk)
        self._inherits = False
        return chunk
