"""Renders one spoken answer in the engine's worker thread: level, framing, effects, encoding."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace
from functools import cached_property

import numpy as np

from stts.audio.effects import Effects
from stts.audio.encode import Encoder
from stts.audio.filters import LOUDEST, bounded
from stts.audio.framing import PAUSE_SECONDS, ChunkFramer
from stts.audio.level import LevelMatch
from stts.engine_api import Samples
from stts.speech import AudioChunk, AudioOutput, EffectSettings

QUIETEST_LUFS = -70.0
"""Lowest target of the loudness filter, in LUFS."""
NOTHING = AudioChunk(b"", 0.0)


class SpeechRenderer:
    """One per answer, for all its pieces: `push` blocks, `end_piece` after each piece of text, `finish` once.

    Every call returns an `AudioChunk`, which is empty where the codec or a fade still holds the audio back.
    """

    def __init__(
        self, output: AudioOutput, effects: EffectSettings, engine_rate: int, encoder: Encoder | None = None
    ) -> None:
        """`engine_rate`: Hz of the blocks that are pushed. `encoder`: of the file that this goes on with."""
        self.encode_seconds = 0.0
        """Seconds of processor time spent on rendering and encoding."""
        self.seconds = 0.0 if encoder is None else encoder.seconds
        """Audio in the chunks returned so far."""
        self.begun = False
        """True once samples were pushed."""
        self._output = output
        self._settings = effects
        self._engine_rate = engine_rate
        self._level = LevelMatch(effects.level, effects.own_level, engine_rate)
        self._framer = ChunkFramer(engine_rate, trim_silence=effects.trim_silence)
        self._open_encoder = encoder
        self._pushed = self._left = False
        self._turn = threading.Lock()
        """Held by whoever is at work in the encoder, for all renderers of one file."""

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
    def _encoder(self) -> Encoder:
        return self._open_encoder or Encoder(self._output.format, self._output.sample_rate, self._output.channels)

    def push(self, block: Samples) -> AudioChunk:
        with self._turn:
            if self._left:
                return NOTHING
            self._pushed = True
            start = time.perf_counter()
            # A single NaN of a model would silence every filter for the rest of the answer.
            block = bounded(np.asarray(block, np.float32), LOUDEST)
            self.begun = self.begun or len(block) > 0
            return self._chunk(self._render(self._framer.push(self._level.push(block))), start)

    def end_piece(self, pause: float = PAUSE_SECONDS) -> AudioChunk:
        """A piece of text is over; at most `pause` seconds of silence follow it, less where a sentence was cut."""
        with self._turn:
            if self._left:
                return NOTHING
            start = time.perf_counter()
            self._level.end_piece()
            return self._chunk(self._render(self._framer.end_piece(pause)), start)

    def finish(self) -> AudioChunk:
        """The rest, to the last frame. The renderer cannot be used after that."""
        with self._turn:
            if self._left:
                return NOTHING
            start = time.perf_counter()
            data = self._render(self._framer.end_piece())
            data += self._encoder.encode(self._effects.finish()) + self._encoder.finish()
            return replace(self._chunk(data, start), header=self._encoder.header())

    def leave(self) -> AudioChunk:
        """Flushes the blocks that were pushed, and retires."""
        with self._turn:
            left, self._left = self._left, True
            if left or not self._pushed:
                return NOTHING
            start = time.perf_counter()
            data = self._render(self._framer.end_piece())
            return self._chunk(data + self._encoder.encode(self._effects.finish()), start)

    def retire(self) -> None:
        """Nothing reaches the file from now on: a thread that was given up may still push blocks, and end the piece.

        The event loop does not wait for a call that is under way; the successor's thread does.
        """
        self._left = True

    def successor(self, effects: EffectSettings, engine_rate: int) -> SpeechRenderer:
        """A renderer that goes on in the same file with the blocks of another engine; nothing of it has begun."""
        after = SpeechRenderer(self._output, effects, engine_rate, self._encoder)
        after._turn, after.encode_seconds = self._turn, self.encode_seconds
        return after

    def silence(self, seconds: float) -> AudioChunk:
        """Renders an answer of silence only. The renderer cannot be used after that."""
        samples = np.zeros(round(seconds * self._output.sample_rate), np.float32)
        data = self._encoder.encode(samples) + self._encoder.finish()
        return replace(self._chunk(data, time.perf_counter()), header=self._encoder.header())

    def _render(self, samples: Samples) -> bytes:
        return self._encoder.encode(self._effects.push(samples))

    def _chunk(self, data: bytes, start: float) -> AudioChunk:
        seconds = self._encoder.seconds - self.seconds
        self.seconds += seconds
        self.encode_seconds += time.perf_counter() - start
        return AudioChunk(data, seconds)
