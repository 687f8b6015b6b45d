"""Output formats by ElevenLabs' names: `mp3_44100_128`, `pcm_16000`, `ulaw_8000`, `opus_48000_64`, `wav_24000`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stts.audio.formats import FORMATS, check_bit_rate
from stts.audio.g711 import Law
from stts.errors import UnsupportedFormat
from stts.speech import AudioFormat

DEFAULT = "mp3_44100_128"
SHOWN = "mp3_44100_128, mp3_22050_32, pcm_16000, pcm_24000, ulaw_8000, alaw_8000, opus_48000_64, wav_24000"
CODED = ("mp3", "opus")
"""Codecs that have bit rates to choose."""
LAWS: dict[str, Law] = {"ulaw": "pcmu", "alaw": "pcma"}
_NAME = re.compile(r"(mp3|opus|pcm|wav|ulaw|alaw)_(\d{4,5})(?:_(\d{1,3}))?")


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The format that is asked of the engine, and what becomes of its samples after that."""

    format: AudioFormat
    sample_rate: int
    """Hz."""
    bit_rate: int | None = None
    """Bits a second; None: as many as the encoder thinks right."""
    law: Law | None = None
    """Samples are sent in 8 bits, for telephones."""

    @property
    def is_raw(self) -> bool:
        """True for samples without a header: who asks for them plays them as they come."""
        return self.format == "pcm"


def read_output_format(name: str) -> OutputFormat:
    """Raises ValueError for one that does not exist."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"is one of {SHOWN} and the like: codec, sample rate, bit rate")
    codec, rate = found[1], int(found[2])
    bits = None if found[3] is None else 1000 * int(found[3])
    if bits is not None and codec not in CODED:
        raise ValueError(f"{codec} has no bit rate: {codec}_{rate}")
    if codec in LAWS:
        if rate != 8000:
            raise ValueError(f"{codec} has a sample rate of 8000")
        return OutputFormat("pcm", rate, law=LAWS[codec])
    format = next(each for each in FORMATS if each == codec)
    if rate not in FORMATS[format].sample_rates:
        raise ValueError(f"{codec} carries these sample rates: {FORMATS[format].rates_text}")
    if bits is not None:
        try:
            check_bit_rate(format, rate, bits)
        except UnsupportedFormat as error:
            raise ValueError(error.message) from None
    return OutputFormat(format, rate, bits)
