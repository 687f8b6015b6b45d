"""`Speech`: the same for programs without an event loop. Every call waits; any number of threads may call at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from embedded.asynchronous import CLOSED, AsyncSpeech
from embedded.audio import Audio, VoiceOffer
from embedded.wishes import Source, SpeechWishes
from stts.errors import Unavailable
from stts.loop_thread import LoopThread

if TYPE_CHECKING:
    from engines.registry import Registry
    from stts.engine_api import Task
    from stts.transcription import TranscriptionResult

Result = TypeVar("Result")


class Speech:
    """Speaks and listens with the engines of this machine, in three lines:

    with Speech() as speech:
        audio = speech.speak("Hello, world!")
        audio.save("hello.wav")

    It takes what AsyncSpeech takes, and runs that on an event loop of its own in a thread.
    """

    def __init__(
        self,
        config: str | Path | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        registry: Registry | None = None,
    ) -> None:
        self._speech = AsyncSpeech(config, settings, registry=registry)
        self._thread: LoopThread | None = None

    def __enter__(self) -> Speech:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Reads the configuration; loads no engine yet. Raises InvalidConfiguration."""
        if self._thread is not None:
            return
        thread = LoopThread("embedded speech")
        try:
            thread.run(self._speech.open())
        except BaseException:
            thread.stop()
            raise
        self._thread = thread

    def close(self) -> None:
        """Ends calls that still run, in whatever thread, then frees all engines. May be called again."""
        thread, self._thread = self._thread, None
        if thread is not None:
            try:
                thread.run(self._speech.close())
            finally:
                thread.stop()

    def speak(self, text: str, **wishes: Unpack[SpeechWishes]) -> Audio:
        """Speaks a text, whole. Raises STTSError for all that can be wrong, with a message for people."""
        return self._run(self._speech.speak(text, **wishes))

    def stream(self, text: str, **wishes: Unpack[SpeechWishes]) -> Generator[bytes, None, None]:
        """Yields the file in pieces as it is made; joined they are one file. To leave it early ends the work."""
        pieces = self._speech.stream(text, **wishes)
        try:
            while piece := self._run(_next(pieces)):
                yield piece
        finally:
            if (thread := self._thread) is not None:
                thread.run(pieces.aclose())

    def voices(self, engine: str | None = None, language: str | None = None) -> list[VoiceOffer]:
        """Voices of the engines that can speak here, and stored recordings for those that clone."""
        return self._run(self._speech.voices(engine, language))

    def transcribe(
        self,
        source: Source,
        *,
        engine: str = "auto",
        language: str | None = None,
        task: Task = "transcribe",
        word_timestamps: bool = False,
        prompt: str | None = None,
    ) -> TranscriptionResult:
        """Writes down what a recording says: a path, the bytes of a file, or a file that is open.

        Raises STTSError, and OSError for a path that cannot be read.
        """
        return self._run(
            self._speech.transcribe(
                source, engine=engine, language=language, task=task, word_timestamps=word_timestamps, prompt=prompt
            )
        )

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        thread = self._thread
        if thread is None:
            work.close()
            raise Unavailable(CLOSED)
        return thread.run(work)


async def _next(pieces: AsyncGenerator[bytes, None]) -> bytes:
    """The next piece; nothing at the end."""
    return await anext(pieces, b"")
