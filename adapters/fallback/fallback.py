"""Fall-back: a request whose engine fails before its first item is given to the next, unnoticed but for a warning.

From the first item on nothing is tried again: a voice never changes inside an utterance, unless the operator lets it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, TypeVar

import structlog

from adapters.catalogue import EngineCatalogue
from adapters.fallback.attempt import END, Attempt, End, Leftovers, Overdue
from adapters.fallback.parts import count_furthest, hand_over, part_of
from adapters.fallback.patience import Patience
from adapters.health.registry import Failure
from stts.context import Priority, RequestContext
from stts.errors import Busy, EngineError, EngineTimeout, STTSError
from stts.plans import SpeechPlan, TranscriptionPlan
from stts.settings import CurrentSettings

Item = TypeVar("Item")
Plan = TypeVar("Plan", SpeechPlan, TranscriptionPlan)

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Course(Generic[Plan, Item]):
    """One request, as often as it may be tried."""

    plan: Plan
    begin: Callable[[Plan, RequestContext], AsyncGenerator[Item, None]]
    """Begins an attempt."""
    rewind: Callable[[], bool]
    """Makes what was read of the input readable again; False: it cannot be."""
    settle: Callable[[], None]
    """Called with the first item: nothing will be read again."""
    next_plan: Callable[[Plan, frozenset[str]], Awaitable[Plan | None]]
    """The plan of the next engine beside those that were tried; None: there is none."""
    cause: int | None = None
    """A fingerprint of the input."""
    commits: Callable[[Item], bool] = lambda item: True
    """False for an item that may be taken back, so that another engine may still do it all."""
    retraction: Callable[[], Item] | None = None
    """Makes the item that takes back what another engine is to do."""
    resume: Callable[[], bool] = lambda: False
    """Lets the next attempt go on behind the items that were given; False: it cannot."""


class Fallback:
    """Made once, over all engines."""

    def __init__(self, catalogue: EngineCatalogue, settings: CurrentSettings) -> None:
        self.catalogue = catalogue
        self.settings = settings
        self.leftovers = Leftovers()

    def run(self, context: RequestContext, course: Course[Plan, Item]) -> AsyncGenerator[Item, None]:
        """The items of the first attempt that gives one. Where all fail, raises what the first has failed with."""
        return _Attempts(self, context, course).items()

    async def close(self) -> None:
        """Waits for attempts that were given up, when the engines have been closed."""
        await self.leftovers.close()


class _Attempts(Generic[Plan, Item]):
    """The attempts at one request."""

    def __init__(self, house: Fallback, context: RequestContext, course: Course[Plan, Item]) -> None:
        self._house = house
        self._health = house.catalogue.health
        self._context = context
        self._course: Course[Plan, Item] = course
        self._failures: list[Failure] = []
        self._heard = False
        """The attempt has given an item."""
        self._cut = False
        """Another has before it, and this one goes on."""
        self._tried: set[str] = set()
        self._part = context
        self._parts: list[RequestContext] = []
        """Contexts of all attempts: as many as there are engines at most."""

    async def items(self) -> AsyncGenerator[Item, None]:
        plan = self._course.plan
        tells = self._part = self._new_part(plan)
        try:
            while True:
                began, told = self._health.clock(), False
                try:
                    async with aclosing(self._attempt(plan)) as items:
                        async for item in items:
                            told = True
                            yield item
                    break
                except STTSError as error:
                    following = await self._after(plan, error)
                    if following is None:
                        first = self._failures[0].error
                        if first is error:
                            raise
                        raise first from error
                    plan = following
                    self._part = self._new_part(plan)
                    if told and self._course.retraction is not None:
                        yield self._course.retraction()
            tells = self._part
            self._begin_to_tell(plan)
            self._health.succeeded(plan.instance, began)
        finally:
            hand_over(self._part if self._heard else tells, self._context)
            if not self._heard and self._context.request_type == "stt":
                count_furthest(self._parts, self._context)

    async def _attempt(self, plan: Plan) -> AsyncGenerator[Item, None]:
        async with aclosing(Attempt(self._course.begin(plan, self._part))) as attempt:
            patience = self._patience(plan)
            while (item := await self._next(attempt, plan, patience)) is not END:
                if self._course.commits(item):
                    self._begin_to_tell(plan)
                hand_over(self._part, self._context)
                yield item
            hand_over(self._part, self._context)

    def _patience(self, plan: Plan) -> Patience:
        instance, health = self._house.catalogue.instance(plan.instance), self._health.of(plan.instance)
        return Patience(instance, health, self._part, self._house.settings().routing)

    async def _next(self, attempt: Attempt[Item], plan: Plan, patience: Patience) -> Item | Literal[End.END]:
        """The next item; as long as another engine may do it, it is not waited for for ever."""
        if self._heard or not plan.alternatives or self._context.priority is Priority.BATCH:
            return await attempt.next()
        health, routing = self._health.of(plan.instance), self._house.settings().routing
        try:
            return await attempt.within(patience.left)
        except Overdue:
            attempt.give_up(self._house.leftovers, partial(health.force, self._part), routing.first_seconds)
            raise EngineTimeout(f"{plan.instance} said nothing for too long.") from None

    async def _after(self, plan: Plan, error: STTSError) -> Plan | None:
        """The plan for the next attempt; None: there is none, and who is to blame is decided."""
        self._failures.append(Failure(plan.instance, error, self._course.cause))
        self._tried.add(plan.instance)
        following = await self._following(error)
        if following is None:
            self._health.judge(self._failures, done_by=None)
            return None
        self._cut, self._heard = self._cut or self._heard, False
        if self._context.span is not None:
            self._context.span.fell_back(plan.instance, error.code)
        log.warning(
            "fallback",
            request_id=self._context.request_id,
            engine=plan.instance,
            code=error.code,
            to=following.instance,
        )
        return following

    async def _following(self, error: STTSError) -> Plan | None:
        if not isinstance(error, EngineError | Busy):
            return None
        again = self._course.resume if self._heard or self._cut else self._course.rewind
        return await self._course.next_plan(self._course.plan, frozenset(self._tried)) if again() else None

    def _begin_to_tell(self, plan: Plan) -> None:
        """The first item is here: whoever failed before is to blame, and the client is told who does it instead."""
        if self._heard:
            return
        self._heard = True
        self._course.settle()
        for warning in plan.warnings:
            self._context.warn(warning)
        output = self._context.output_data
        if plan.resting is not None:
            output.fallback = plan.resting
            self._context.warn(f"{plan.instance} stands in for an engine that rests after failures.")
        if self._failures:
            self._health.judge(self._failures, done_by=plan.instance)
            failed = self._failures[0]
            output.fallback = failed.error.code
            name, code = failed.instance, failed.error.code
            self._context.warn(
                f"{name} went no further ({code}); {plan.instance} did the rest."
                if self._cut
                else f"{name} could not do this ({code}); {plan.instance} did."
            )
            self._failures.clear()

    def _new_part(self, plan: Plan) -> RequestContext:
        """The context itself where there is but one attempt."""
        if not plan.alternatives and not self._failures:
            return self._context
        part = part_of(self._context)
        self._parts.append(part)
        if self._cut:
            part.metrics.add(queue=self._context.metrics.queue, engine=self._context.metrics.engine)
        return part
