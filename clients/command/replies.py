"""Places where the replies of a conversation are heard: the loudspeaker, a file, the standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from clients.command.conversing import Player
from clients.command.exit_status import CommandFailed
from clients.command.output import wav_header
from clients.command.speech import STANDARD


class File:
    """Replies as a WAV file, which grows."""

    def __init__(self, file: BinaryIO, rate: int) -> None:
        self.volume = 1.0
        self._file = file
        self._rate = rate
        self._size = 0
        file.write(wav_header(rate))

    def write(self, generation: int, audio: bytes) -> None:
        self._file.write(audio)
        self._file.flush()
        self._size += len(audio)

    def finish(self) -> None:
        """Writes the length into the head, where a file can be gone back in."""
        self._file.seek(0)
        self._file.write(wav_header(self._rate, self._size))

    def drop(self, generation: int) -> None:
        """Keeps what was written: the server is never far ahead."""

    def heard(self) -> None:
        return None


@contextmanager
def player(output: str | None, rate: int) -> Iterator[Player]:
    """Where replies are heard: a file, the standard output (`-`), or the loudspeaker. Raises CommandFailed."""
    if output is None:
        from clients.command.devices import speaker

        with speaker(rate) as sounding:
            yield sounding
    elif output == STANDARD:
        yield File(sys.stdout.buffer, rate)
    else:
        try:
            with open(output, "wb") as file:
                yield (replies := File(file, rate))
                replies.finish()
        except OSError as error:
            raise CommandFailed(f"{output} cannot be written: {error.strerror}") from error
