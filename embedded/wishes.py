"""Arguments of calls as the values that the pipeline takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

from stts.engine_state import AUTO
from stts.errors import InvalidParameter
from stts.languages import read_language
from stts.pronunciation.entries import read_entries
from stts.speech import AudioFormat, SynthesisConfig
from stts.transcription import AudioData

SLOWEST, FASTEST, HIGHEST = 0.1, 4.0, 24.0
FORMAT_NAMES: dict[str, AudioFormat] = {
    "wav": "wav",
    "mp3": "mp3",
    "opus": "opus",
    "ogg": "opus",
    "aac": "aac",
    "flac": "flac",
    "pcm": "pcm",
}
Source = str | Path | bytes | BinaryIO
"""A path, the bytes of a file, or an open file that can be sought."""


class SpeechWishes(TypedDict, total=False):
    """Keyword arguments of a speech beside its text."""

    voice: str | None
    engine: str
    language: str | None
    format: str
    """wav, mp3, opus (or ogg), aac, flac, pcm."""
    speed: float | None
    """0.1..4, without change of pitch."""
    pitch: float
    """Semitones, without change of speed."""
    sample_rate: int | None
    """Hz; None: the engine's own."""
    channels: int
    normalize: float | None
    """Loudness in LUFS."""
    trim_silence: bool
    seed: int | None
    dictionary: dict[str, str]
    """Words and how they are spoken."""
    parameters: dict[str, Any]
    """The engine's own parameters."""


def speech_config(wishes: SpeechWishes) -> SynthesisConfig:
    """Raises InvalidParameter for a value that no engine takes, and for a name that there is none of."""
    if unknown := wishes.keys() - SpeechWishes.__annotations__.keys():
        known = sorted(SpeechWishes.__annotations__)
        raise InvalidParameter(f"There is no argument {min(unknown)!r}.", param=min(unknown), allowed=known)
    format, speed, pitch = wishes.get("format", "wav").lower(), wishes.get("speed"), wishes.get("pitch", 0.0)
    if format not in FORMAT_NAMES:
        raise InvalidParameter(
            f"format must be one of {', '.join(FORMAT_NAMES)}", param="format", allowed=[*FORMAT_NAMES]
        )
    if speed is not None and not SLOWEST <= speed <= FASTEST:
        raise InvalidParameter(f"speed must be from {SLOWEST} to {FASTEST:g}", param="speed")
    if not -HIGHEST <= pitch <= HIGHEST:
        raise InvalidParameter(f"pitch must be from -{HIGHEST:g} to {HIGHEST:g}", param="pitch")
    if wishes.get("channels", 1) not in (1, 2):
        raise InvalidParameter("channels must be 1 or 2", param="channels", allowed=["1", "2"])
    try:
        dictionary = read_entries(wishes.get("dictionary", {}))
    except ValueError as error:
        raise InvalidParameter(f"dictionary: {error}", param="dictionary") from None
    return SynthesisConfig(
        engine=wishes.get("engine", AUTO),
        voice=wishes.get("voice"),
        language=language_tag(wishes.get("language")),
        format=FORMAT_NAMES[format],
        sample_rate=wishes.get("sample_rate"),
        channels=wishes.get("channels", 1),
        speed=speed,
        pitch=pitch,
        normalize=wishes.get("normalize"),
        trim_silence=wishes.get("trim_silence", False),
        seed=wishes.get("seed"),
        dictionary=dictionary,
        parameters=wishes.get("parameters", {}),
    )


def language_tag(language: str | None) -> str | None:
    """The BCP 47 tag that is meant; None: it is found out."""
    tag = read_language(language)
    return tag if isinstance(tag, str) else None


@contextmanager
def opened(source: Source) -> Iterator[AudioData]:
    """The recording; closes what it has opened itself. Blocking; raises OSError."""
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            yield AudioData(file, Path(source).stat().st_size)
    elif isinstance(source, bytes):
        yield AudioData(BytesIO(source), len(source))
    else:
        size = source.seek(0, 2)
        source.seek(0)
        yield AudioData(source, size)
