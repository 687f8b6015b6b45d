"""The encoded file of one spoken answer."""

from __future__ import annotations

import threading
from collections import deque
from functools import cached_property

from stts.audio.encode import Encoder
from stts.speech import AudioChunk, AudioOutput


class SpeechFile:
    """The encoded file of one answer, which renderers go on with one after the other."""

    def __init__(self, output: AudioOutput) -> None:
        self._output = output
        self.turn = threading.Lock()
        """Held by whoever is at work in the encoder."""
        self.unsent: deque[AudioChunk] = deque()
        """Chunks of it that have not been sent, in order."""
        self.ended = False
        """It has its last frame."""

    @cached_property
    def encoder(self) -> Encoder:
        """Opened at the first push, off the event loop, as it takes milliseconds."""
        output = self._output
        return Encoder(output.format, output.sample_rate, output.channels, output.bit_rate)

    def finish(self) -> bytes:
        """The last bytes; nothing if it has ended already."""
        if self.ended:
            return b""
        self.ended = True
        return self.encoder.finish()
