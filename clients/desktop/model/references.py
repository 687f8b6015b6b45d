"""The folder `references`: recordings that voices are cloned from, and which of them will do."""

from __future__ import annotations

import hashlib
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clients.desktop.sentences import Sentence

FOLDER = "references"
ENDINGS = (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac", ".webm")
SHORTEST_SECONDS = 1.0
SHORT_SECONDS = 5.0
"""Less is taken, and clones badly."""
LARGEST_BYTES = 100 << 20
MOST = 500
"""Most recordings that are looked at."""
PLACES, PLACE_SECONDS = 20, 0.25
"""Places of a recording that are looked at, and how much of each."""
NARROW_HZ = 16_000
QUIET = 0.01
"""Peak, as a part of full scale, below which nobody speaks."""


@dataclass(frozen=True, slots=True)
class Reference:
    path: Path
    seconds: float | None
    """None: only the server can tell."""
    problem: str = ""
    """Why it will not do."""
    warnings: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        return not self.problem

    @property
    def told(self) -> tuple[str, ...]:
        """Its validity, for people."""
        if self.problem:
            return (self.problem,)
        if self.seconds is None:
            return (Sentence("reference_server_tells"),)
        return (Sentence("reference_seconds", seconds=f"{self.seconds:.1f}"), *self.warnings)


def references(folder: Path, known: Callable[[Path], Reference] | None = None) -> list[Reference]:
    """Recordings of the folder by name; those that will not do are in the list too, with the reason."""
    place = folder / FOLDER
    if not place.is_dir():
        return []
    files = sorted(path for path in place.iterdir() if path.suffix.lower() in ENDINGS and not path.name.startswith("."))
    return [(known or looked_at)(path) for path in files[:MOST]]


class Looks:
    """Recordings that were looked at before are looked at again where they have changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], Reference]] = {}

    def __call__(self, path: Path) -> Reference:
        try:
            status = path.stat()
        except OSError:
            return looked_at(path)
        state = (status.st_size, status.st_mtime_ns)
        known = self._known.get(path)
        if known is None or known[0] != state:
            if len(self._known) >= MOST:
                self._known.clear()
            known = self._known[path] = (state, looked_at(path))
        return known[1]


def looked_at(path: Path) -> Reference:
    """As much as can be told without the server: of WAV nearly all, of the rest whether it is a sound file."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            return Reference(path, None, Sentence("reference_no_file"))
        if size == 0:
            return Reference(path, None, Sentence("reference_empty"))
        if size > LARGEST_BYTES:
            return Reference(path, None, Sentence("reference_too_large", most=LARGEST_BYTES >> 20))
        return _wav(path) if path.suffix.lower() == ".wav" else _other(path)
    except OSError as error:
        return Reference(path, None, Sentence("reference_not_readable", reason=error.strerror))


def digest(path: Path) -> str:
    """The name of the content: a recording that was changed is another voice."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wav(path: Path) -> Reference:
    try:
        with wave.open(str(path)) as file:
            frames, rate = file.getnframes(), file.getframerate()
            loud = _loudest(file, frames, rate)
    except (wave.Error, EOFError) as error:
        # Floating point and compressed WAV are left to the server, which reads them.
        with path.open("rb") as opened:
            if opened.read(4) == b"RIFF" and "unknown format" in str(error):
                return Reference(path, None)
        return Reference(path, None, Sentence("reference_no_sound"))
    return _judged(path, frames / rate if rate else 0.0, rate, loud)


def _judged(path: Path, seconds: float, rate: int, loud: float | None) -> Reference:
    """`loud`: the peak, where it is known."""
    if seconds < SHORTEST_SECONDS:
        least = f"{SHORTEST_SECONDS:g}"
        return Reference(path, seconds, Sentence("reference_too_short", seconds=f"{seconds:.1f}", least=least))
    if loud is not None and loud < QUIET:
        return Reference(path, seconds, Sentence("reference_silent"))
    warnings = {
        Sentence("reference_short"): seconds < SHORT_SECONDS,
        Sentence("reference_narrow", rate=rate): rate < NARROW_HZ,
        Sentence("reference_clipped"): loud is not None and loud >= 1.0,
    }
    return Reference(path, seconds, "", tuple(warning for warning, holds in warnings.items() if holds))


def _other(path: Path) -> Reference:
    with path.open("rb") as file:
        head = file.read(12)
    known = (
        head.startswith((b"ID3", b"fLaC", b"OggS", b"\x1aE\xdf\xa3"))
        or head[4:8] == b"ftyp"
        or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)
    )
    if not known:
        return Reference(path, None, Sentence("reference_no_sound"))
    import miniaudio  # with the window: `stts say` needs no recordings

    try:
        told = miniaudio.get_file_info(str(path))
    except miniaudio.DecodeError:
        # Opus, AAC and WebM are read by the server.
        return Reference(path, None)
    # A file that was written as it came does not say how long it is.
    return _judged(path, told.duration, told.sample_rate, None) if told.num_frames else Reference(path, None)


def _loudest(file: wave.Wave_read, frames: int, rate: int) -> float | None:
    """Peak at some places of it: a long one is not read whole to tell whether anybody speaks."""
    peaks: list[float] = []
    for place in range(PLACES):
        file.setpos(frames * place // PLACES)
        peak = _peak(file.readframes(min(frames // PLACES + 1, int(PLACE_SECONDS * rate))), file.getsampwidth())
        if peak is None:
            return None
        peaks.append(peak)
    return max(peaks)


def _peak(frames: bytes, width: int) -> float | None:
    """None where this does not tell: what is not 16 bits wide."""
    if width != 2 or not frames:
        return None
    samples = memoryview(frames[: len(frames) // 2 * 2]).cast("h")
    return max(max(samples), -min(samples)) / 32_767
