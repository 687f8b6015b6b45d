"""Joins synthesised chunks: trims over-long silence at their ends to a natural pause and fades their edges.

A listener hears one voice, although the text was spoken in pieces: engines put silence around every piece, and two
pieces that do not meet at zero click. All of it works on streams and holds back a few milliseconds only.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from stts.audio.filters import SILENCE, first_above
from stts.engine_api import Samples
from stts.spoken_words import SpokenWord, Words

PRE_ROLL_SECONDS = 0.015
"""Silence kept before the first sound, and after the last where silence is to be trimmed."""
PAUSE_SECONDS = 0.25
"""The longest silence between two pieces, unless the caller says otherwise."""
LONGEST_SILENCE_SECONDS = 5.0
"""Silence within a piece is cut to this: engines that ran wild have gone on for minutes."""
FADE_IN_SECONDS = 0.005
FADE_OUT_SECONDS = 0.010

_SILENT_BELOW = 10 ** (-50 / 20)
_EAGER_SECONDS = 0.05
"""Silence after a sound that is passed on at once, so that a listener's buffer does not wait for what follows it."""


class ChunkFramer:
    """Pieces in, one stream of samples out. `push` any number of blocks, `end_piece`, and so on; `finish` once."""

    def __init__(self, rate: int, *, trim_silence: bool = False) -> None:
        """`trim_silence` leaves no silence at the very start and end beyond the pre-roll."""
        self._trimmer = SilenceTrimmer(rate, trim_end=trim_silence)
        self._fader = EdgeFader(rate)

    def push(self, samples: Samples) -> Samples:
        return self._fader.push(self._trimmer.push(samples))

    def placed(self, words: Words) -> Words:
        """As SilenceTrimmer has it: what fades stays where it is."""
        return self._trimmer.placed(words)

    def end_piece(self, pause: float = PAUSE_SECONDS) -> Samples:
        """The piece is over, and at most `pause` seconds of silence separate it from the next."""
        tail = self._fader.push(self._trimmer.end_piece(pause))
        return np.concatenate([tail, self._fader.end_piece()])


class SilenceTrimmer:
    """Cuts the silence at the ends of pieces; passes what is between through."""

    def __init__(self, rate: int, *, trim_end: bool = False) -> None:
        self._rate = rate
        self._trim_end = trim_end
        self._pre_roll = round(PRE_ROLL_SECONDS * rate)
        self._eager = self._pre_roll if trim_end else round(_EAGER_SECONDS * rate)
        self._longest = round(LONGEST_SILENCE_SECONDS * rate)
        self._lead = self._pre_roll
        self._sounding = False
        self._passed = 0
        """Samples of silence passed on since the last sound."""
        self._held = SILENCE
        """Silence not passed on yet."""
        self._pause = SILENCE
        """Silence after the last piece that only a next piece makes part of the answer."""
        self._taken = 0
        """Samples of the piece."""
        self._given = 0
        """Samples passed on, of all pieces."""
        self._begun = 0
        """Samples passed on before the piece began to sound."""

    def placed(self, words: Words) -> Words:
        """Words of the piece, in seconds of all that is passed on; none where nothing sounds yet.

        Silence before the first sound that was cut away lies at the beginning of the piece.
        """
        if not self._sounding:
            return ()
        begun, shift = self._begun / self._rate, (self._given + len(self._held) - self._taken) / self._rate
        return tuple(
            SpokenWord(word.place, word.length, max(begun, word.begins + shift), max(begun, word.ends + shift))
            for word in words
        )

    def push(self, samples: Samples) -> Samples:
        self._taken += len(samples)
        was_sounding = self._sounding
        passed = self._passed_on(samples)
        if self._sounding and not was_sounding:
            self._begun = self._given
        self._given += len(passed)
        return passed

    def _passed_on(self, samples: Samples) -> Samples:
        if (found := first_above(samples, _SILENT_BELOW)) is None:
            return self._silence(samples)
        first, last = 0, len(samples) - (first_above(samples[::-1], _SILENT_BELOW) or 0)
        before = self._held
        if not self._sounding:
            # What of the lead lies in the same block goes with the sound, and is not copied.
            first = max(0, found - self._lead)
            lead = _last(self._held, self._lead - (found - first))
            before = np.concatenate([self._pause, lead])
        self._sounding, self._passed, self._held, self._pause = True, 0, SILENCE, SILENCE
        # The silence that is passed on follows the sound in the same block: most blocks are not copied.
        passed = samples[first : last + len(self._silence(samples[last:]))]
        return np.concatenate([before, passed]) if len(before) else passed

    def end_piece(self, pause: float) -> Samples:
        """Ends a piece: returns the silence kept after it; the next piece may begin with what is left of `pause`."""
        self._taken = 0
        if not self._sounding:
            self._held = SILENCE
            return SILENCE
        left = round(pause * self._rate) - self._pre_roll - self._passed
        tail = self._held[: max(0, left)]
        self._lead = self._pre_roll + max(0, left - len(tail))
        self._sounding, self._passed, self._held = False, 0, SILENCE
        if self._trim_end:
            self._pause, tail = tail, SILENCE
        self._given += len(tail)
        return tail

    def _silence(self, samples: Samples) -> Samples:
        if not self._sounding:
            self._held = _last(np.concatenate([self._held, samples]), self._lead)
            return SILENCE
        passing = samples[: max(0, self._eager - self._passed)]
        self._passed += len(passing)
        self._held = np.concatenate([self._held, samples[len(passing) :]])[: self._longest]
        return passing


class EdgeFader:
    """Fades each piece in and out with equal power; holds back only what may turn out to be the fade's end."""

    def __init__(self, rate: int) -> None:
        self._rise, self._fall = _fades(rate)
        self._position = 0
        self._held = SILENCE

    def push(self, samples: Samples) -> Samples:
        samples = np.concatenate([self._held, *self._fade_in(samples)])
        split = max(0, len(samples) - len(self._fall))
        # A copy: an engine may yield the same array again and again, with other samples in it.
        self._held = samples[split:].copy()
        return samples[:split]

    def end_piece(self) -> Samples:
        tail = self._held * _last(self._fall, len(self._held))
        self._held, self._position = SILENCE, 0
        return tail

    def _fade_in(self, samples: Samples) -> tuple[Samples, ...]:
        """The samples, in parts."""
        if self._position == len(self._rise):
            return (samples,)
        ramp = self._rise[self._position : self._position + len(samples)]
        self._position += len(ramp)
        return samples[: len(ramp)] * ramp, samples[len(ramp) :]


@lru_cache(16)
def _fades(rate: int) -> tuple[Samples, Samples]:
    """The gains of a fade-in and of a fade-out."""
    quarter = np.pi / 2
    rise: Samples = np.sin(np.linspace(0.0, quarter, round(FADE_IN_SECONDS * rate), dtype=np.float32))
    fall: Samples = np.cos(np.linspace(0.0, quarter, round(FADE_OUT_SECONDS * rate), dtype=np.float32))
    return rise, fall


def _last(samples: Samples, count: int) -> Samples:
    return samples[max(0, len(samples) - count) :]
