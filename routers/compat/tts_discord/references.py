"""The references folder of a listener: which recordings are voices, and why the others are none."""

from __future__ import annotations

from routers.compat.tts_discord.errors import NoSuchReference, UnsuitableReference
from routers.compat.tts_discord.schemas import EXTENSIONS, LONGEST, SHORTEST, CheckedShape, DiscordOptions
from routers.http.voice_folders import FolderVoices
from stts.storage.files.names import extension
from stts.storage.files.voice_folder import Recording, Taken


class References:
    def __init__(self, options: DiscordOptions) -> None:
        self.directory = options.references_dir
        """As the operator has written it."""
        self._folder = FolderVoices(options.references_dir, EXTENSIONS, (SHORTEST, LONGEST))

    async def exists(self) -> bool:
        return await self._folder.exists()

    async def names(self) -> list[str]:
        return await self._folder.names()

    async def checked(self) -> dict[str, CheckedShape]:
        """Every file by its name."""
        return {each.name: _checked(each) for each in await self._folder.recordings()}

    async def take(self, name: str, *, voice: bool) -> Taken:
        """The recording that a request names, and if wanted its voice. Raises NoSuchReference and
        UnsuitableReference."""
        taken = await self._folder.take(name, voice=voice)
        if taken is None:
            raise NoSuchReference(name)
        if (problem := _problem(taken.recording)) is not None:
            raise UnsuitableReference(problem, param="voice")
        if voice and taken.voice is None:
            # It went just now.
            raise NoSuchReference(name)
        return taken


def _problem(recording: Recording) -> str | None:
    if recording.seconds is None:
        return f"Could not read audio file: {recording.name}"
    if recording.seconds < SHORTEST:
        return f"Audio too short: {_rounded(recording.seconds):.1f}s. Must be at least {SHORTEST:.1f} seconds"
    return None


def _rounded(seconds: float) -> float:
    """Rounded down where it would else read as if it were long enough."""
    return min(seconds, SHORTEST - 0.1) if f"{seconds:.1f}" == f"{SHORTEST:.1f}" else seconds


def _checked(recording: Recording) -> CheckedShape:
    problem = _problem(recording)
    seconds = round(recording.seconds or 0.0, 3)
    return CheckedShape(valid=problem is None, duration=seconds, format=extension(recording.name)[1:], error=problem)
