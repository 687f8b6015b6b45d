"""Quotas: characters and seconds are reserved before the work and settled after it.

The rule of what a call costs: nothing where it failed before anything was sent; else the whole text of a request (of
one that is still being written, what was spoken; as long as a dictionary of its own makes it) and the seconds that were
sent, unless the client left before the first of them; and the seconds that were heard, also where the caller's own
input ended it. In an answer that is sent whole, what was made counts as sent, unless the server failed at it. What was
begun is finished: what it takes beyond a quota is counted, and the next call is refused.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from middleware.pipeline import Item, Operation, Request
from middleware.stages.expected_use import SMALLEST, expected
from middleware.stages.quota_uses import Use, settle, use_of
from stts.access.allowances import QuotaExceeded
from stts.access.concurrency import Concurrency, GiveBack
from stts.access.limits import LimitSet, limits_of
from stts.access.quota_ahead import QuotaAhead
from stts.access.quota_refusals import QuotaRefusals
from stts.access.quotas import QuotaBook
from stts.context import RequestContext
from stts.errors import STTSError, TooManyRequests
from stts.plans import SpeechRequest
from stts.settings import CurrentSettings


class QuotaStage:
    """Stands around what speaks and listens. A caller without limits passes untouched."""

    def __init__(
        self,
        book: QuotaBook,
        concurrency: Concurrency,
        settings: CurrentSettings,
        refusals: QuotaRefusals | None = None,
    ) -> None:
        """`refusals` is told of each."""
        self._book = book
        self._concurrency = concurrency
        self._settings = settings
        self._refusals = refusals or QuotaRefusals()

    def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        limits = limits_of(context.principal, context.input_data.network, self._settings().quotas)
        if not limits.is_limited:
            return call_next(context, request)
        return self._counted(limits, context, request, call_next)

    async def _counted(
        self, limits: LimitSet, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncGenerator[Item, None]:
        give_back, uses = await self._admitted(limits, context, request)
        growing, begun, wrong = [use for use in uses if not use.known], False, False
        try:
            async for item in call_next(context, request):
                begun = True
                for use in growing:
                    total = use.seen(item)
                    if not use.reservation.has(total) and not await use.reservation.grow(total):
                        self._look(context, uses)
                yield item
        except STTSError as error:
            wrong = error.status < 500
            raise
        finally:
            # What the server failed at while it was held back was never sent; what the caller sent wrong was worked on.
            unsent = context.unsent and context.status == "error" and not wrong
            try:
                await settle(uses, context, begun=begun and not unsent, wrong=wrong)
            finally:
                self._look(context, uses)
                give_back()

    async def admitted(self, context: RequestContext, request: object) -> Admitted | None:
        """The share of an answer that is there at once, to be settled; None where nothing limits its caller.

        Raises as the stage does, but tells nobody: whoever is refused here is asked again by the stage.
        """
        limits = limits_of(context.principal, context.input_data.network, self._settings().quotas)
        return Admitted(*await self._taken(limits, context, request)) if limits.is_limited else None

    async def ahead(self, context: RequestContext, requests: Sequence[SpeechRequest]) -> Sequence[QuotaAhead]:
        """The shares of several requests of one answer, which is to be spoken whole or not at all.

        Each goes into the context of its request as `quota_ahead`; what is not taken is to be given back. Raises
        TooManyRequests, and nothing stays reserved then.
        """
        limits = limits_of(context.principal, context.input_data.network, self._settings().quotas)
        shares: list[QuotaAhead] = []
        try:
            for request in requests if limits.allowances else ():
                uses = await self._reserved(limits, request)
                shares.append(QuotaAhead([(use.unit, use.reservation) for use in uses]))
        except BaseException as error:
            for share in shares:
                await share.give_back()
            if isinstance(error, TooManyRequests):
                self._tell(context, error)
            raise
        return shares

    def _look(self, context: RequestContext, uses: Sequence[Use]) -> None:
        """Tells a live session of the quota that is used up now."""
        if context.on_exceeded is None:
            return
        for use in uses:
            if (error := self._book.used_up(use.allowances, SMALLEST)) is not None:
                context.on_exceeded(error)

    async def _admitted(self, limits: LimitSet, context: RequestContext, request: object) -> _Taken:
        """Raises TooManyRequests, LimitsAway; nothing is taken then."""
        try:
            return await self._taken(limits, context, request)
        except TooManyRequests as error:
            self._tell(context, error)
            raise

    async def _taken(self, limits: LimitSet, context: RequestContext, request: object) -> _Taken:
        give_back = _nothing
        try:
            # A part of an operation is at work within it.
            if context.parent is None:
                give_back = await self._concurrency.take(limits.subjects, context.place_ahead)
            ahead, context.quota_ahead = context.quota_ahead, None
            if ahead is not None:
                shares = ahead.take()
                return give_back, [use_of(unit, limits.allowances[unit], share, request) for unit, share in shares]
            return give_back, await self._reserved(limits, request)
        except BaseException:
            give_back()
            raise

    def _tell(self, context: RequestContext, refusal: TooManyRequests) -> None:
        route = f"{context.input_data.method} {context.input_data.route}"
        self._refusals.tell(context.principal, refusal.code, route)
        if isinstance(refusal, QuotaExceeded) and context.on_exceeded is not None:
            context.on_exceeded(refusal)

    async def _reserved(self, limits: LimitSet, request: object) -> list[Use]:
        """Raises QuotaExceeded; nothing stays reserved then."""
        uses: list[Use] = []
        try:
            for unit, amount in await expected(request) if limits.allowances else ():
                if wanted := limits.allowances.get(unit):
                    reserved = self._book.at_hand(wanted, amount) or await self._book.reserve(wanted, amount)
                    uses.append(use_of(unit, wanted, reserved, request))
        except BaseException:
            for use in uses:
                await use.reservation.settle(0.0)
            raise
        return uses


_Taken = tuple[GiveBack, Sequence[Use]]


class Admitted:
    """The share of quotas and places of one answer that is there at once. Whoever has it settles it."""

    def __init__(self, give_back: GiveBack, uses: Sequence[Use]) -> None:
        self._give_back = give_back
        self._uses = uses

    async def settle(self, context: RequestContext, *, sent: bool) -> None:
        """Counts the whole answer, or nothing of it where it is not sent."""
        for use in self._uses:
            use.total = context.metrics.audio_seconds or 0.0
        context.status = "completed" if sent else "error"
        try:
            await settle(self._uses, context, begun=sent, wrong=False)
        finally:
            self._give_back()


def _nothing() -> None:
    """Gives back what was not taken."""
