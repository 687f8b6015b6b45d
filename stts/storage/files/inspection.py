"""Inspects incoming audio files before they are stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stts.audio.container import sniff
from stts.audio.decode import Decoder
from stts.errors import AudioTooLong, UndecodableAudio
from stts.storage.files.kinds import BLEND, MEDIA_TYPES, RAW, UNKNOWN, Kind, extension_of
from stts.storage.files.names import extension
from stts.storage.files.records import Incoming


@dataclass(frozen=True, slots=True)
class Content:
    extension: str
    media_type: str
    duration: float | None = None
    """Seconds."""
    sample_rate: int | None = None
    """Hz."""
    channels: int | None = None


BLENDED = Content(BLEND, MEDIA_TYPES[BLEND])
"""Content of a file with a blend in words."""


def inspected(
    kind: Kind,
    path: Path,
    incoming: Incoming,
    *,
    max_seconds: float,
    checkpoint: Callable[[], None],
) -> Content:
    """Inspects a file before it is stored. Raises UndecodableAudio, AudioTooLong.

    The length of a reference is measured; that of an upload is taken from its header.

    What the server has made itself is taken at its name: raw PCM has no header to look at. `checkpoint` is called
    between blocks; what it raises ends the work.
    """
    if incoming.is_blend:
        return BLENDED
    if kind == "outputs":
        suffix = extension(incoming.name or "")
        return _own(path, suffix if suffix in MEDIA_TYPES else UNKNOWN)
    with path.open("rb") as file:
        media = sniff(file)
        duration = media.duration
        if kind == "references":
            # A header may claim anything, and a voice is read to its end.
            decoder = Decoder(file, max_seconds=max_seconds)
            for _ in decoder:
                checkpoint()
            duration = decoder.seconds
    if duration is not None and duration > max_seconds:
        raise AudioTooLong(f"The audio is longer than {max_seconds:g} seconds", param="file")
    suffix = extension_of(media.container)
    return Content(suffix, MEDIA_TYPES[suffix], duration, media.sample_rate, media.channels)


def _own(path: Path, suffix: str) -> Content:
    if suffix == RAW:
        return Content(suffix, MEDIA_TYPES[suffix])
    try:
        with path.open("rb") as file:
            media = sniff(file)
    except UndecodableAudio:
        return Content(suffix, MEDIA_TYPES[suffix])
    return Content(suffix, MEDIA_TYPES[suffix], media.duration, media.sample_rate, media.channels)
