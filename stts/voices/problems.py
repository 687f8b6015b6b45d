"""Says what is wrong with a recording that is to be a voice, by its figures: in words, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stts.voices.figures import Figures
from stts.voices.words import WordsFound

LEAST_SOUND = 1.0
"""Seconds of sound without which there is no voice."""
SHORT_SOUND = 5.0
"""Seconds of sound below which a voice is told worse than it could be."""
LEAST_SPEECH = 0.2
"""Share of the sound that a detector of speech must take for speech: less is music or noise."""
MOST_CLIPPING = 0.001
LEAST_SIGNAL = 15.0
"""Decibels of signal to noise below which a clone has the noise, too."""
LEAST_BANDWIDTH = 5_000.0
"""Hz; a telephone ends below."""
LEAST_WORDS = 0.6
"""Share of the transcript that a listener must find."""


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    """For programs: no_sound, too_short, no_speech, short, clipped, noisy, narrow, several_speakers, transcript."""
    message: str
    """For people."""
    refused: bool = False
    """True where there is no voice in it at all; else it is a warning."""


def problems(
    figures: Figures,
    *,
    speech_seconds: float | None = None,
    speakers: int | None = None,
    words: WordsFound | None = None,
) -> Sequence[Problem]:
    """The problems, the worst first. `speech_seconds`, `speakers`, `words`: as far as somebody has looked for them."""
    refused = _refusal(figures, speech_seconds)
    return [refused] if refused is not None else list(_warnings(figures, speakers, words))


def _refusal(figures: Figures, speech_seconds: float | None) -> Problem | None:
    sound = figures.sounding_seconds
    if figures.level is None:
        return Problem("no_sound", "Nothing in the recording can be heard: it is silent, or all above 24 kHz.", True)
    if sound < LEAST_SOUND:
        return Problem(
            "too_short",
            f"There is sound for {sound:.1f} s only: at least {LEAST_SOUND:g} s of speech are needed, "
            f"{SHORT_SOUND:g} s for a good clone.",
            True,
        )
    if speech_seconds is not None and speech_seconds < max(LEAST_SOUND, LEAST_SPEECH * sound):
        return Problem(
            "no_speech", f"{speech_seconds:.1f} of {sound:.1f} s of sound are speech: is it music, or noise?", True
        )
    return None


def _warnings(figures: Figures, speakers: int | None, words: WordsFound | None) -> Iterator[Problem]:
    if figures.sounding_seconds < SHORT_SOUND:
        yield Problem("short", f"With less than {SHORT_SOUND:g} s of speech a clone is less like the voice.")
    if figures.clipping > MOST_CLIPPING:
        yield Problem("clipped", f"{100 * figures.clipping:.1f} % of the samples are clipped: record it less loud.")
    if figures.signal_to_noise is not None and figures.signal_to_noise < LEAST_SIGNAL:
        yield Problem(
            "noisy", f"The voice is {figures.signal_to_noise:.0f} dB above the noise: a clone will have it too."
        )
    if figures.bandwidth is not None and figures.bandwidth < LEAST_BANDWIDTH:
        yield Problem("narrow", f"The sound ends at {figures.bandwidth:.0f} Hz, as on a telephone.")
    if speakers is not None and speakers > 1:
        yield Problem("several_speakers", f"{speakers} people speak: a voice is of one.")
    if words is not None and words.found < LEAST_WORDS * words.spoken:
        yield Problem(
            "transcript",
            f"{words.found} of the {words.spoken} words of the transcript were heard: is it of this recording?",
        )
