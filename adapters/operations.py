"""The operations at the end of the pipeline: they do what the plan of a request says, with the engine it names."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from adapters.catalogue import EngineCatalogue
from adapters.selection import EngineSelection
from stts.context import RequestContext
from stts.plans import ListenRequest, SpeechRequest
from stts.protocols import HearRequest, TranscriptionSession
from stts.speech import AudioChunk
from stts.transcription import TranscriptEvent, TranscriptionConfig


class EngineOperations:
    """Requests come here with their plans: the planning stage stands before."""

    def __init__(self, catalogue: EngineCatalogue, selection: EngineSelection) -> None:
        self._catalogue = catalogue
        self._selection = selection

    def speak(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        plan = request.plan
        assert plan is not None, "the planning stage is missing"
        return self._catalogue.speech[plan.instance].synthesize(plan, request.text, context)

    def listen(self, context: RequestContext, request: ListenRequest) -> AsyncGenerator[TranscriptEvent, None]:
        plan = request.plan
        assert plan is not None, "the planning stage is missing"
        return self._catalogue.transcription[plan.instance].transcribe(plan, request.audio, context)

    def hear(self, context: RequestContext, request: HearRequest) -> AsyncGenerator[TranscriptEvent, None]:
        return request.session.transcribe(request.audio, context)

    async def session(self, config: TranscriptionConfig) -> TranscriptionSession:
        """A place for one live stream, with the engine ready to listen; whoever opens it closes it.

        Raises as `EngineSelection.plan_transcription`, Busy where all places are taken, and what a load raises.
        """
        plan = await self._selection.plan_transcription(config)
        session = self._catalogue.transcription[plan.instance].session(plan)
        try:
            await session.prepare()
        except BaseException:
            await session.aclose()
            raise
        return session
