"""The audio formats of answers: what each is called on the wire and which sample rates it carries."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stts.errors import UnsupportedFormat
from stts.speech import AudioFormat, AudioOutput, SynthesisConfig


@dataclass(frozen=True, slots=True)
class FormatSpec:
    name: AudioFormat
    media_type: str
    extension: str
    """File extension, with the dot."""
    sample_rates: tuple[int, ...] | range
    """Hz, rising: every rate it carries; a range where it carries every rate between two."""

    @property
    def rates_text(self) -> str:
        """The rates for people: `8000 to 192000` or `8000, 12000, 16000`."""
        if isinstance(self.sample_rates, range):
            return f"{self.sample_rates[0]} to {self.sample_rates[-1]}"
        return ", ".join(map(str, self.sample_rates))


_ANY_RATE = range(8_000, 192_001)
_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_AAC_RATES = (*_MP3_RATES, 64_000, 88_200, 96_000)
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)

_MP3_KILOBITS = (
    (32_000, (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)),
    (16_000, (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)),
    (0, (8, 16, 24, 32, 40, 48, 56, 64)),
)
"""Least sample rate of each MPEG version -> its kilobits a second."""
_BIT_RATES: Mapping[AudioFormat, range] = {"opus": range(6_000, 256_001), "aac": range(8_000, 256_001)}

FORMATS: Mapping[AudioFormat, FormatSpec] = MappingProxyType(
    {
        "wav": FormatSpec("wav", "audio/wav", ".wav", _ANY_RATE),
        "mp3": FormatSpec("mp3", "audio/mpeg", ".mp3", _MP3_RATES),
        "opus": FormatSpec("opus", "audio/ogg", ".ogg", _OPUS_RATES),
        "aac": FormatSpec("aac", "audio/aac", ".aac", _AAC_RATES),
        "flac": FormatSpec("flac", "audio/flac", ".flac", _ANY_RATE),
        "pcm": FormatSpec("pcm", "audio/pcm", ".pcm", _ANY_RATE),
    }
)
"""`pcm` is signed 16 bit little-endian without a header, `opus` is in Ogg, `aac` in ADTS."""


def format_spec(format: str) -> FormatSpec:
    """Raises UnsupportedFormat for a name that is not in `FORMATS`."""
    for name, spec in FORMATS.items():
        if name == format:
            return spec
    raise UnsupportedFormat(f"format must be one of {', '.join(FORMATS)}", param="format", allowed=list(FORMATS))


def resolve_sample_rate(format: AudioFormat, requested: int | None, native: int) -> int:
    """The rate in Hz of an answer.

    Without a request: the engine's own where the format carries it, else the next higher, else the highest.
    Raises UnsupportedFormat where `requested` is not carried.
    """
    spec = format_spec(format)
    rates = spec.sample_rates
    if requested is None:
        return native if native in rates else next((rate for rate in rates if rate > native), rates[-1])
    if requested not in rates:
        allowed = rates if isinstance(rates, tuple) else None
        message = f"{format} carries these sample rates: {spec.rates_text} Hz"
        raise UnsupportedFormat(message, param="sample_rate", allowed=allowed)
    return requested


def check_bit_rate(format: AudioFormat, sample_rate: int, bit_rate: int) -> None:
    """Raises UnsupportedFormat for bits a second that the format does not have at this rate in Hz."""
    allowed: Container[int]
    match format:
        case "mp3":
            kilobits = next(rates for least, rates in _MP3_KILOBITS if sample_rate >= least)
            allowed, shown = [1000 * each for each in kilobits], ", ".join(f"{each}000" for each in kilobits)
        case "opus" | "aac":
            allowed, shown = _BIT_RATES[format], f"{_BIT_RATES[format][0]} to {_BIT_RATES[format][-1]}"
        case _:
            raise UnsupportedFormat(f"{format} has no bit rate to choose.", param="bit_rate")
    if bit_rate not in allowed:
        raise UnsupportedFormat(
            f"{format} at {sample_rate} Hz has these bit rates: {shown} bits a second", param="bit_rate"
        )


def audio_output(config: SynthesisConfig, native: int) -> AudioOutput:
    """The encoding of an answer from an engine that yields `native` Hz. Raises UnsupportedFormat."""
    rate = resolve_sample_rate(config.format, config.sample_rate, native)
    if config.bit_rate is not None:
        check_bit_rate(config.format, rate, config.bit_rate)
    return AudioOutput(config.format, format_spec(config.format).media_type, rate, config.channels, config.bit_rate)
