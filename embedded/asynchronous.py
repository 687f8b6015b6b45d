"""`AsyncSpeech`: speech and transcripts on the event loop of the program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from embedded.audio import Audio, VoiceOffer
from embedded.calls import Calls
from embedded.wishes import Source, SpeechWishes, language_tag, opened, speech_config
from stts.errors import Unavailable

if TYPE_CHECKING:
    from engines.registry import Registry
    from routers.services import Services
    from stts.context import Priority, RequestContext
    from stts.engine_api import Task
    from stts.plans import SpeechRequest
    from stts.speech import AudioChunk, SynthesisConfig
    from stts.transcription import TranscriptEvent, TranscriptionResult

NAME = "embedded"
"""Stands for the listener in contexts and log lines."""
MOST_BYTES = 1_000_000_000
NO_ROOM = f"The audio is longer than {MOST_BYTES} bytes: take stream(), or another format than wav."
CLOSED = "It is not open: use it in a `with` block, or call open() first."


class AsyncSpeech:
    """Speaks and listens with the engines of this machine. To be used on one event loop, by any number of tasks.

    `config`: a configuration file as the server's; None: `config.yaml` where there is one, else defaults.
    `settings`: keys over it, by section: `{"tts": {"order": ["espeak"]}}`. `registry`: further engines.
    """

    def __init__(
        self,
        config: str | Path | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        registry: Registry | None = None,
    ) -> None:
        self._config = config
        self._settings = settings or {}
        self._registry = registry
        self._services: Services | None = None
        self._work: AbstractAsyncContextManager[None] | None = None
        self._calls = Calls()

    async def __aenter__(self) -> AsyncSpeech:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Reads the configuration; loads no engine yet. Raises InvalidConfiguration."""
        if self._services is None:
            services = await asyncio.to_thread(_services, self._config, self._settings, self._registry)
            from embedded.configured import at_work

            self._work = at_work(services)
            await self._work.__aenter__()
            self._services = services

    async def close(self) -> None:
        """Ends calls that still run, then frees all engines. May be called again."""
        if self._services is None or self._work is None:
            return
        self._services, work, self._work = None, self._work, None
        await self._calls.end()
        await work.__aexit__(None, None, None)

    @property
    def services(self) -> Services:
        """The parts behind it, as routes have them: engines, cache, metrics. Raises Unavailable."""
        return self._opened()

    async def speak(self, text: str, **wishes: Unpack[SpeechWishes]) -> Audio:
        """Speaks a text, whole. Raises STTSError for all that can be wrong, with a message for people."""
        from routers.http.whole_audio import Room, whole_audio
        from stts.context import Priority
        from stts.streams.hold import Hold

        config = speech_config(wishes)
        services, context = self._context(text, config, Priority.COLLECTED)
        context.hold = Hold()
        chunks = services.speak(context, _request(text, config))
        data = await self._calls.run(whole_audio(chunks, Room(MOST_BYTES, NO_ROOM)))
        output = context.output_data
        assert output.audio is not None
        return Audio(
            data=bytes(data),
            format=output.audio.format,
            media_type=output.audio.media_type,
            sample_rate=output.audio.sample_rate,
            channels=output.audio.channels,
            seconds=round(context.metrics.audio_seconds or 0.0, 3),
            engine=output.engine or "",
            voice=output.voice or "",
            language=output.language,
            warnings=tuple(context.warnings),
        )

    async def stream(self, text: str, **wishes: Unpack[SpeechWishes]) -> AsyncGenerator[bytes, None]:
        """Yields the file in pieces as it is made, the first when a few words are spoken; joined they are one file.

        Close it (`contextlib.aclosing`) where it is left early: that ends the work.
        """
        from stts.context import Priority

        config = speech_config(wishes)
        services, context = self._context(text, config, Priority.STREAM)
        chunks = services.speak(context, _request(text, config))
        async with aclosing(self._calls.stream(_data(chunks))) as pieces:
            async for piece in pieces:
                yield piece

    async def voices(self, engine: str | None = None, language: str | None = None) -> list[VoiceOffer]:
        """Voices of the engines that can speak here, and stored recordings for those that clone."""
        from stts.languages import best_match

        services = self._opened()
        usable = await services.engines.usable("tts")
        if engine is not None:
            # Raises UnknownEngine for a name that is none.
            services.engines.describe(engine)
        names = [name for name in usable if engine in (None, name)]
        tag = language_tag(language)
        return [
            VoiceOffer(
                id=each.id,
                name=each.name,
                engine=each.engine.name,
                languages=tuple(each.voice.languages),
                gender=each.voice.gender,
                is_recording=each.voice.reference is not None,
            )
            for each in (await services.engines.voices(*names) if names else ())
            if tag is None or not each.voice.languages or best_match(tag, each.voice.languages) is not None
        ]

    async def transcribe(
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
        from stts.context import Priority, RequestContext, RequestFacts
        from stts.plans import ListenRequest
        from stts.streams.hold import Hold
        from stts.transcription import TranscriptionConfig

        services = self._opened()
        config = TranscriptionConfig(
            engine=engine, language=language_tag(language), task=task, word_timestamps=word_timestamps, prompt=prompt
        )
        context = RequestContext("stt", priority=Priority.COLLECTED, input_data=RequestFacts(listener=NAME))
        context.hold = Hold()
        with opened(source) as audio:
            return await self._calls.run(_collected(services.listen(context, ListenRequest(audio, config))))

    def _context(self, text: str, config: SynthesisConfig, priority: Priority) -> tuple[Services, RequestContext]:
        from stts.context import RequestContext, RequestFacts

        facts = RequestFacts(characters=len(text), format=config.format, listener=NAME)
        return self._opened(), RequestContext("tts", priority=priority, input_data=facts)

    def _opened(self) -> Services:
        """Raises Unavailable."""
        if self._services is None:
            raise Unavailable(CLOSED)
        return self._services


def _services(
    config: str | Path | None, settings: Mapping[str, Mapping[str, Any]], registry: Registry | None
) -> Services:
    """Blocking: imports the server's rooms."""
    from embedded.configured import services_of

    return services_of(config, settings, registry)


def _request(text: str, config: SynthesisConfig) -> SpeechRequest:
    from stts.plans import SpeechRequest

    return SpeechRequest(text, config)


async def _data(chunks: AsyncGenerator[AudioChunk, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.data:
                yield chunk.data


async def _collected(events: AsyncGenerator[TranscriptEvent, None]) -> TranscriptionResult:
    from stts.text.transcript import collect_transcript

    async with aclosing(events):
        return await collect_transcript(events)
