"""The operations at the end of the pipeline: they do what the plan of a request says, with the engine it names."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from adapters.catalogue import EngineCatalogue
from adapters.fallback.attempt import Leftovers
from adapters.fallback.course import Course
from adapters.fallback.fallback import Fallback
from adapters.fallback.probing import EngineProbe, Probing
from adapters.fallback.readers import Readers
from adapters.fallback.sessions import Sessions
from adapters.selection import EngineSelection
from adapters.speech.relay import Relay
from stts.context import RequestContext
from stts.plans import ListenRequest, SpeechPlan, SpeechRequest, TranscriptionPlan
from stts.protocols import HearRequest, TranscriptionSession
from stts.settings import CurrentSettings
from stts.speech import RETRACTION, AudioChunk
from stts.streams.live import LiveText
from stts.transcription import AudioData, TranscriptEvent, TranscriptionConfig, TranscriptRetracted

KEPT_CHARACTERS = 10_000
"""Text being written that may have been read before its first audio, so that it can be read again."""


class EngineOperations:
    """Requests come here with their plans: the planning stage stands before."""

    def __init__(self, catalogue: EngineCatalogue, selection: EngineSelection, settings: CurrentSettings) -> None:
        self._catalogue = catalogue
        self._selection = selection
        self._settings = settings
        self._fallback = Fallback(catalogue, settings)
        self._sessions = Sessions(catalogue, selection, self._fallback)
        self._probing = Probing(catalogue.health, EngineProbe(catalogue, settings, self._fallback.leftovers))
        catalogue.health.on_open = self._probing.start

    def speak(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        plan, text = request.plan, request.text
        assert plan is not None, "the planning stage is missing"

        relay = Relay() if self._settings().routing.voice_may_change and plan.alternatives else None

        def begin(plan: SpeechPlan, part: RequestContext) -> AsyncGenerator[AudioChunk, None]:
            return self._catalogue.speech[plan.instance].synthesize(plan, text, part, relay)

        if isinstance(text, LiveText):
            if plan.alternatives or context.hold is not None:
                text.keep(KEPT_CHARACTERS)
            course = Course(plan, begin, text.rewind, text.settle, self._selection.next_speech)
        else:
            course = Course(plan, begin, _again, _nothing, self._selection.next_speech, hash(text))
        course = replace(course, retraction=lambda: RETRACTION)
        if relay is not None:
            course = replace(course, resume=relay.resume)
        return self._fallback.run(context, course)

    def listen(self, context: RequestContext, request: ListenRequest) -> AsyncGenerator[TranscriptEvent, None]:
        plan, audio = request.plan, request.audio
        assert plan is not None, "the planning stage is missing"
        readers = Readers(audio)

        def begin(plan: TranscriptionPlan, part: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
            return self._catalogue.transcription[plan.instance].transcribe(plan, readers.open(), part)

        course = Course(
            plan,
            begin,
            _again,
            _nothing,
            self._selection.next_transcription,
            _fingerprint(audio),
            retraction=TranscriptRetracted,
        )
        return self._fallback.run(context, course)

    def hear(self, context: RequestContext, request: HearRequest) -> AsyncGenerator[TranscriptEvent, None]:
        return request.session.transcribe(request.audio, context)

    async def session(self, config: TranscriptionConfig) -> TranscriptionSession:
        """A place for one live stream, with an engine ready to listen; whoever opens it closes it.

        Raises as `EngineSelection.plan_transcription`, Busy where all places are taken, and what a load raises.
        """
        return await self._sessions.open(config)

    @property
    def leftovers(self) -> Leftovers:
        """Attempts that were given up and have not ended yet."""
        return self._fallback.leftovers

    async def stop(self) -> None:
        """Ends what runs by itself, before the engines are closed."""
        await self._probing.close()

    async def close(self) -> None:
        """Waits for attempts that were given up, when the engines have been closed."""
        await self._fallback.close()


def _again() -> bool:
    """A complete text or recording can be read any number of times."""
    return True


def _nothing() -> None:
    """Nothing is kept of it."""


def _fingerprint(audio: AudioData) -> int:
    """Recordings of the very same size are taken for the same."""
    return hash(("recording", audio.size))
