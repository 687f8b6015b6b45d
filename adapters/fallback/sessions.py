"""Live streams that outlive their engine: where one fails at an utterance, another hears it from its beginning.

What was understood so far may change until some of it is told for good; from then on an utterance stays where it is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from adapters.catalogue import EngineCatalogue
from adapters.fallback.course import Course
from adapters.fallback.fallback import Fallback
from adapters.health.registry import Failure
from adapters.selection import EngineSelection
from adapters.transcription.paced import PacedSession
from stts.context import RequestContext
from stts.errors import Busy, EngineError
from stts.plans import TranscriptionPlan
from stts.streams.live import LiveAudio
from stts.transcription import (
    TranscriptDone,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptPartial,
    TranscriptSegment,
)

KEPT_SECONDS = 30.0
"""Audio of an utterance that is kept for another engine."""


class Sessions:
    """Opens places for live streams."""

    def __init__(self, catalogue: EngineCatalogue, selection: EngineSelection, fallback: Fallback) -> None:
        self.catalogue = catalogue
        self.selection = selection
        self.fallback = fallback

    async def open(self, config: TranscriptionConfig) -> RoutedSession:
        """A place at the first engine that can be made ready to listen.

        Raises as `EngineSelection.plan_transcription`, and where none can what the first has failed with.
        """
        plan = first = await self.selection.plan_transcription(config)
        failures: list[Failure] = []
        while True:
            try:
                session = await self.place(plan)
                break
            except (EngineError, Busy) as error:
                failures.append(Failure(plan.instance, error))
                tried = frozenset(failure.instance for failure in failures)
                following = await self.selection.next_transcription(first, tried)
                if following is None:
                    self.catalogue.health.judge(failures, done_by=None)
                    if failures[0].error is error:
                        raise
                    raise failures[0].error from error
                plan = following
        self.catalogue.health.judge(failures, done_by=plan.instance)
        return RoutedSession(self, first, session)

    async def place(self, plan: TranscriptionPlan) -> PacedSession:
        """A place at the engine of a plan, ready to listen. Raises Busy and what a load raises."""
        session = self.catalogue.transcription[plan.instance].session(plan)
        try:
            await session.prepare()
        except BaseException:
            await session.aclose()
            raise
        return session


class RoutedSession:
    """A TranscriptionSession that moves to another engine when its own fails, and back when that works again."""

    def __init__(self, sessions: Sessions, first: TranscriptionPlan, session: PacedSession) -> None:
        """`first` is the plan that is gone back to."""
        self._sessions = sessions
        self._first = first
        self._session = session

    @property
    def plan(self) -> TranscriptionPlan:
        return self._session.plan

    def transcribe(self, audio: LiveAudio, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        plan = self._plan()
        if plan.alternatives:
            audio.keep(KEPT_SECONDS)

        def begin(plan: TranscriptionPlan, part: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
            return self._heard(plan, audio, part)

        course = Course(
            plan,
            begin,
            audio.rewind,
            audio.settle,
            self._sessions.selection.next_transcription,
            commits=_is_for_good,
            retraction=lambda: TranscriptPartial("", ""),
        )
        return self._sessions.fallback.run(context, course)

    def retire(self) -> None:
        self._session.retire()

    async def aclose(self) -> None:
        await self._session.aclose()

    def _plan(self) -> TranscriptionPlan:
        """The plan that was made first, unless its engine rests: then that of the engine that stands in for it."""
        catalogue, name = self._sessions.catalogue, self._first.instance
        works = catalogue.health.closed(name) and catalogue.instance(name).state != "failed"
        return self._first if works else self._session.plan

    async def _heard(
        self, plan: TranscriptionPlan, audio: LiveAudio, part: RequestContext
    ) -> AsyncGenerator[TranscriptEvent, None]:
        if self._session.plan.instance != plan.instance:
            session = await self._sessions.place(plan)
            left, self._session = self._session, session
            await left.aclose()
        async with aclosing(self._session.transcribe(audio, part)) as events:
            async for event in events:
                yield event


def _is_for_good(event: TranscriptEvent) -> bool:
    """True if the event tells words, or their end, that are never taken back."""
    if isinstance(event, TranscriptPartial):
        return bool(event.stable_delta)
    return isinstance(event, TranscriptSegment | TranscriptDone)
