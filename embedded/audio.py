"""Values of the Python API: audio that was spoken, and voices that there are. All frozen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stts.errors import InvalidParameter

EXTENSIONS = {"oga": "opus", "ogg": "opus", "opus": "opus", "wave": "wav"}
"""Ends of file names that say a format by another name."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Speech as one file in memory."""

    data: bytes
    format: str
    media_type: str
    sample_rate: int
    """Hz."""
    channels: int
    seconds: float
    engine: str
    voice: str
    language: str | None = None
    """BCP 47."""
    warnings: tuple[str, ...] = ()
    """Sentences for people about what was done otherwise than asked."""

    def save(self, path: str | Path) -> Path:
        """Writes the file. Raises InvalidParameter where its name ends as that of another format, and OSError."""
        path = Path(path)
        end = path.suffix.removeprefix(".").lower()
        if end and EXTENSIONS.get(end, end) != self.format:
            said = f"This is {self.format}, and the name ends in {path.suffix}: speak with format={end!r}."
            raise InvalidParameter(said, param="format")
        path.write_bytes(self.data)
        return path

    def __repr__(self) -> str:
        return f"Audio({self.format}, {self.seconds:.2f} s, {self.engine}/{self.voice})"


@dataclass(frozen=True, slots=True)
class VoiceOffer:
    """A voice and the engine that speaks with it."""

    id: str
    """The name that `voice` takes."""
    name: str
    engine: str
    languages: tuple[str, ...]
    """BCP 47; empty: any that the engine speaks."""
    gender: str = ""
    is_recording: bool = False
    """A stored recording, which an engine clones."""
