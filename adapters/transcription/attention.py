"""Attention: when an utterance that its client ends needs its engine, from its first speech until long after the last.

Where the client says when a turn is over, the turn may hold minutes of silence before, within and after what is said.
Frames are judged by the voice activity detector of all live streams; in doubt they are speech. What comes between is
dropped, but for a moment before speech; who asks must keep count of what was dropped.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from adapters.transcription.intake import AudioSource
from stts.engine_api import STT_SAMPLE_RATE, Samples, VADEngine
from stts.errors import STTSError
from stts.protocols import VoiceActivity, VoiceStream
from stts.vad.segmenter import audible

LIKELY = 0.2
"""Probability from which a frame is speech. Silero gives noise 0.06 at most, and speech of -55 dBFS 0.2 and more."""
KEPT = round(0.4 * STT_SAMPLE_RATE)
"""Samples heard from before speech was noticed, which is up to a tenth of a second after it began."""
UNSURE = 10 * STT_SAMPLE_RATE
"""Samples kept while nothing was taken for speech: heard at the end of the utterance, if nothing ever is."""
TIRED = 3 * STT_SAMPLE_RATE
"""Samples without speech after which the engine is not needed."""


class Attention:
    """Decides which audio of one utterance is heard. While `awake`: all; utterances that others judge begin so."""

    def __init__(self, voice: VoiceActivity, audio: AudioSource) -> None:
        self._voice = voice
        self._audio = audio
        self._stream: VoiceStream | None = None
        self._kept: deque[Samples] = deque()
        """The last of what was dropped."""
        self._kept_samples = 0
        self._rest: Samples = np.zeros(0, np.float32)
        """Samples that do not fill a frame yet."""
        self._silence = 0
        """Samples since the last speech."""
        self._most_kept = UNSURE
        self.awake = audio.judged

    @property
    def tired(self) -> bool:
        """True if nobody has spoken for long."""
        return self.awake and not self._audio.judged and self._silence >= TIRED

    async def due(self, samples: Samples, *, last: bool) -> Samples:
        """Returns the samples to be heard now: these, with the moment before where it wakes, or none of them.

        `last`: the utterance ends with them.
        """
        if self._audio.judged or (self.awake and last):
            return samples
        since_speech = await self._judge(samples)
        if self.awake:
            return samples
        self._keep(samples)
        if since_speech is not None:
            return self._wake(since_speech + KEPT)
        if last and self._most_kept == UNSURE and self._audible():
            return self._wake(UNSURE)
        while self._kept and self._kept_samples - len(self._kept[0]) >= self._most_kept:
            self._kept_samples -= len(self._kept.popleft())
        return samples[:0]

    def rest(self) -> None:
        """Waits until somebody speaks again."""
        self.awake, self._silence = False, 0

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    async def _judge(self, samples: Samples) -> int | None:
        """Samples since the first speech among these began; None: there is none."""
        heard = np.concatenate((self._rest, samples))
        whole = len(heard) - len(heard) % VADEngine.frame_samples
        self._rest = heard[whole:]
        frames = heard[:whole].reshape(-1, VADEngine.frame_samples)
        speech = np.flatnonzero(await self._probabilities(frames) >= LIKELY)
        if not len(speech):
            self._silence += len(samples)
            return None
        first, end = int(speech[0]) * frames.shape[1], int(speech[-1] + 1) * frames.shape[1]
        self._silence = len(heard) - end
        return len(heard) - first

    async def _probabilities(self, frames: Samples) -> Samples:
        self._stream = self._stream or self._voice.stream()
        try:
            return await self._stream.probabilities(frames)
        except STTSError:
            return np.ones(len(frames), np.float32)

    def _keep(self, samples: Samples) -> None:
        if len(samples):
            self._kept.append(samples)
            self._kept_samples += len(samples)

    def _audible(self) -> bool:
        return any(bool(audible(samples)) for samples in self._kept)

    def _wake(self, most: int) -> Samples:
        self.awake, self._most_kept = True, KEPT
        kept = np.concatenate(self._kept)
        self._kept.clear()
        self._kept_samples = 0
        return kept[-most:]
