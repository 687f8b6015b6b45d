"""Voice notes that are shown as bubbles: its length, the picture of its sound, its size, and texts cut to fit."""

from __future__ import annotations

import asyncio
import io
import math
import re

from clients.telegram.messenger import VoiceNote

BUBBLE_BYTES = 1_000_000
"""Up to this Telegram shows Ogg/Opus as a bubble, and as a file above."""
SAMPLE_RATE = 48_000
HEIGHTS = 100
"""Heights in a waveform, of five bits each."""
PART_CHARACTERS = 1500
"""Characters that are spoken as one note: about two minutes, a tenth of what fits at the usual bit rates."""

_PAGE = b"OggS"
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？؟۔])[\"'”»)\]]*\s+|\n+|(?<=[。！？])")


async def note(audio: bytes, *, with_waveform: bool) -> VoiceNote:
    """Ogg/Opus as a voice note. Raises ValueError for what is none."""
    seconds = max(1, math.ceil(ogg_seconds(audio)))
    picture = await asyncio.to_thread(waveform, audio) if with_waveform else None
    return VoiceNote(audio, seconds, picture or None)


def ogg_seconds(audio: bytes) -> float:
    """Seconds of Ogg/Opus, from the position in its last page and the samples to skip at its begin (RFC 7845).

    Raises ValueError for what is no Ogg/Opus.
    """
    head = audio.find(b"OpusHead")
    last = audio.rfind(_PAGE)
    if not audio.startswith(_PAGE) or head < 0 or len(audio) < last + 14:
        raise ValueError("no Ogg/Opus")
    skipped = int.from_bytes(audio[head + 10 : head + 12], "little")
    position = int.from_bytes(audio[last + 6 : last + 14], "little", signed=True)
    return max(0, position - skipped) / SAMPLE_RATE


def waveform(audio: bytes) -> bytes:
    """A hundred heights of five bits, packed from the lowest bit on, as MTProto's `documentAttributeAudio` has them.

    Empty for what cannot be decoded: a note without its picture is better than none.
    """
    import av
    import numpy as np

    try:
        with av.open(io.BytesIO(audio), "r") as container:
            resampler = av.AudioResampler("s16", "mono", 8000)
            frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    except av.FFmpegError:
        frames = []
    if not frames:
        return b""
    samples = np.abs(np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int32))
    peaks = np.array([int(part.max(initial=0)) for part in np.array_split(samples, HEIGHTS)])
    heights = peaks * 31 // max(1, int(peaks.max()))
    bits = sum(int(height) << (5 * index) for index, height in enumerate(heights))
    return bits.to_bytes((5 * HEIGHTS + 7) // 8, "little")


def parts(text: str, most: int = PART_CHARACTERS) -> list[str]:
    """A text cut at the ends of sentences, where it can be, into parts of at most `most` characters."""
    found: list[str] = []
    for sentence in _pieces(text, most):
        if found and len(found[-1]) + 1 + len(sentence) <= most:
            found[-1] += f" {sentence}"
        else:
            found.append(sentence)
    return found


def _pieces(text: str, most: int) -> list[str]:
    """Sentences; one that is too long is cut between words, and a word that is too long anywhere."""
    pieces: list[str] = []
    for sentence in filter(None, (part.strip() for part in _SENTENCE_END.split(text))):
        while len(sentence) > most:
            cut = sentence.rfind(" ", most // 2, most)
            cut = cut if cut > 0 else most
            pieces.append(sentence[:cut].strip())
            sentence = sentence[cut:].strip()
        pieces.append(sentence)
    return pieces
