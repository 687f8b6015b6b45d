"""Fall-back: a request whose engine fails before its first item is given to the next, unnoticed but for a warning.

An attempt counts as heard from its first item on, or, where the answer has a Hold, from when that is released. From
then on nothing is tried again: a voice never changes inside an utterance, unless the operator lets it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Generic, Literal

import structlog

from adapters.catalogue import EngineCatalogue
from adapters.fallback.attempt import END, Attempt, End, Leftovers, Overdue
from adapters.fallback.course import Course, Item, Plan
from adapters.fallback.parts import count_furthest, hand_over, part_of
from adapters.fallback.patience import Patience
from adapters.health.registry import Failure
from stts.context import Priority, RequestContext
from stts.errors import Busy, EngineCrashed, EngineError, EngineTimeout, STTSError
from stts.settings import CurrentSettings

LOOK_SECONDS = 60.0
"""Between two looks at an attempt that is not given up any more."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


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
        """Failures that the client is told of, as long as what stands in may be taken back."""
        self._unjudged: list[Failure] = []
        """Those of them for which nobody has been charged yet."""
        self._warnings = len(context.warnings)
        """Warnings that are none of the attempts'."""
        self._given = False
        """The attempt has given an item that counts, and the context tells who gave it."""
        self._heard = False
        """Such an item is with the client, or may be."""
        self._repeated = False
        """An engine has made anew what it had begun, after the death of its child."""
        self._cut = False
        """Another has before it, and this one goes on."""
        self._tried: set[str] = set()
        self._part = context
        self._parts: list[RequestContext] = []
        """Contexts of all attempts: one more than there are engines at most."""

    async def items(self) -> AsyncGenerator[Item, None]:
        plan = self._course.plan
        tells = self._part = self._new_part(plan)
        try:
            while True:
                began, told, self._given = self._health.clock(), False, False
                try:
                    async with aclosing(self._attempt(plan)) as items:
                        async for item in items:
                            told = True
                            yield item
                    break
                except STTSError as error:
                    self._settle()
                    following = await self._after(plan, error)
                    if following is None:
                        first = self._failures[0].error
                        if first is error:
                            raise
                        raise first from error
                    plan = following
                    self._part = self._new_part(plan)
                    if told and not self._cut and self._course.retraction is not None:
                        yield self._course.retraction()
            tells = self._part
            self._give(plan, last=True)
            if self._part.metrics.queue is not None:
                # What was done without the engine says nothing about it.
                self._health.succeeded(plan.instance, began)
        finally:
            # Where the client has left meanwhile.
            self._judge(done_by=None)
            hand_over(self._part if self._heard else tells, self._context)
            if not self._heard and self._context.request_type == "stt":
                count_furthest(self._parts, self._context)

    async def _attempt(self, plan: Plan) -> AsyncGenerator[Item, None]:
        async with aclosing(Attempt(self._course.begin(plan, self._part))) as attempt:
            patience = self._patience(plan)
            while (item := await self._next(attempt, plan, patience)) is not END:
                if self._course.commits(item):
                    self._give(plan)
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
            return await attempt.within(lambda: self._left(patience))
        except Overdue:
            attempt.give_up(self._house.leftovers, partial(health.force, self._part), routing.first_seconds)
            raise EngineTimeout(f"{plan.instance} said nothing for too long.") from None

    def _left(self, patience: Patience) -> float:
        """Seconds after which to look again: what is sent meanwhile is waited for, however long."""
        if self._given and not self._context.unsent:
            return LOOK_SECONDS
        return patience.left(long=self._given or self._context.priority >= Priority.COLLECTED)

    async def _after(self, plan: Plan, error: STTSError) -> Plan | None:
        """The plan for the next attempt; None: there is none, and who is to blame is decided."""
        if self._may_repeat(error):
            self._repeated = True
            log.warning("attempt_repeated", request_id=self._context.request_id, engine=plan.instance, code=error.code)
            return plan
        failure = Failure(plan.instance, error, self._course.cause)
        self._failures.append(failure)
        self._unjudged.append(failure)
        self._tried.add(plan.instance)
        following = await self._following(error)
        if following is None or not self._taken_back():
            self._judge(done_by=None)
            return None
        if self._given and not self._heard:
            # Another's beginning does not prove that what comes later can be done.
            self._judge(done_by=None)
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

    def _may_repeat(self, error: STTSError) -> bool:
        """Whether the engine itself makes it anew, once: only a child of it has died, and its voice is the one wanted.

        Calls without a result are made again below, so this is for those that had some.
        """
        died = isinstance(error, EngineCrashed) and self._given and not (self._heard or self._repeated)
        return died and self._course.rewind() and self._taken_back()

    def _taken_back(self) -> bool:
        """Whether the client has nothing of the attempt, unless it is resumed; what was given is taken back then."""
        hold = self._context.hold
        if self._heard or not self._given:
            return True
        if hold is None or not hold.take_back():
            return False
        self._context.output_data.fallback = None
        del self._context.warnings[self._warnings :]
        return True

    async def _following(self, error: STTSError) -> Plan | None:
        if not isinstance(error, EngineError | Busy):
            return None
        again = self._course.resume if self._heard or self._cut else self._course.rewind
        return await self._course.next_plan(self._course.plan, frozenset(self._tried)) if again() else None

    def _give(self, plan: Plan, *, last: bool = False) -> None:
        """An item that counts is here, or the end, and the client is told who does it."""
        if not self._given:
            self._given = True
            self._judge(done_by=plan.instance)
            self._tell(plan)
        self._settle(last=last)

    def _judge(self, *, done_by: str | None) -> None:
        """Charges who has failed so far; `done_by`: the engine that has begun what they could not begin."""
        if self._unjudged:
            self._health.judge(self._unjudged, done_by=done_by)
            self._unjudged.clear()

    def _settle(self, *, last: bool = False) -> None:
        """From here on no other can make it anew, if what was given is not held back."""
        if self._heard or not self._given or (self._context.unsent and not last):
            return
        self._heard = True
        self._course.settle()
        self._failures.clear()

    def _tell(self, plan: Plan) -> None:
        for warning in plan.warnings:
            self._context.warn(warning)
        output = self._context.output_data
        if plan.resting is not None:
            output.fallback = plan.resting
            self._context.warn(f"{plan.instance} stands in for an engine that rests after failures.")
        if self._failures:
            failed = self._failures[0]
            output.fallback = failed.error.code
            name, code = failed.instance, failed.error.code
            self._context.warn(
                f"{name} went no further ({code}); {plan.instance} did the rest."
                if self._cut
                else f"{name} could not do this ({code}); {plan.instance} did."
            )

    def _new_part(self, plan: Plan) -> RequestContext:
        """The context itself where there is but one attempt."""
        if not plan.alternatives and not self._failures and not self._repeated:
            return self._context
        part = part_of(self._context)
        # Whoever reads a text again has it later than it was written.
        part.metrics.written = self._part.metrics.written
        self._parts.append(part)
        if self._cut:
            known = self._context.metrics
            part.metrics.add(queue=known.queue, load=known.load, engine=known.engine)
        return part
