"""How long a recording says it is, before it is decoded."""

from __future__ import annotations

from typing import BinaryIO

BYTES_PER_SECOND = 4000
"""Speech in a lossy codec has more; a file that does not say is thought too long rather than too short."""


def declared_seconds(file: BinaryIO, size: int) -> float:
    """Seconds by the container, else by its bytes. Blocking; leaves the file at its begin."""
    import av

    try:
        with av.open(file, mode="r", metadata_errors="ignore") as container:
            duration = container.duration
    except (av.FFmpegError, ValueError, OSError):
        duration = None  # what cannot be decoded is told by whoever decodes it
    finally:
        file.seek(0)
    return duration / av.time_base if duration is not None and duration > 0 else size / BYTES_PER_SECOND
