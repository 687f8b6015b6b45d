"""The share of each quota in one operation, and what it costs in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stts.access.allowances import Allowance, Unit
from stts.access.reservations import Reservation
from stts.context import RequestContext
from stts.plans import SpeechRequest
from stts.pronunciation.dictionary import spoken_characters
from stts.protocols import HearRequest
from stts.speech import AudioChunk
from stts.streams.live import LiveAudio


@dataclass(slots=True)
class Use:
    """One unit in one operation."""

    unit: Unit
    allowances: Sequence[Allowance]
    reservation: Reservation
    known: bool = False
    """The amount was known before the work."""
    live: LiveAudio | None = None
    """Audio that is still coming in."""
    silence: float = 0.0
    """Seconds beside those of the items."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The request's own dictionary."""
    total: float = 0.0

    def seen(self, item: object) -> float:
        """Adds an item, and tells what was used in all."""
        if self.live is not None:
            self.total = self.live.seconds
        elif isinstance(item, AudioChunk):
            if item.retracts:
                self.total = 0.0
            else:
                spoken = item.seconds if self.unit is Unit.SPOKEN else spoken_characters(item.text, self.words)
                self.total += spoken
        return self.total + self.silence

    def cost(self, context: RequestContext, *, begun: bool, wrong: bool) -> float:
        """Tells what the operation costs, whose status is known by now. `begun`: something was made that counts.
        `wrong`: the input of the caller ended it."""
        if not begun and self._is_free(context, wrong=wrong):
            return 0.0
        if self.unit is Unit.HEARD:
            return self._heard(context)
        return self.reservation.amount if self.known else self.total + self.silence

    def _heard(self, context: RequestContext) -> float:
        """Seconds that count. A client that left while it waited for the engine had nothing heard."""
        heard = context.metrics.audio_seconds
        if heard is None:
            return self.reservation.amount if context.status == "completed" else 0.0
        return heard

    def _is_free(self, context: RequestContext, *, wrong: bool) -> bool:
        """True if an operation that sent nothing costs nothing. Audio was heard also for a client that did not stay,
        and where it had no words before it turned out too long or broken."""
        if self.unit is Unit.HEARD:
            return context.status == "error" and not wrong
        return context.status != "completed"


async def settle(uses: Sequence[Use], context: RequestContext, *, begun: bool, wrong: bool) -> None:
    """Settles each, also where another is cancelled meanwhile."""
    costs = [(use.reservation, use.cost(context, begun=begun, wrong=wrong)) for use in uses]
    if late := [(share, cost) for share, cost in costs if not share.settle_at_hand(cost)]:
        await _settle_late(late)


async def _settle_late(costs: Sequence[tuple[Reservation, float]]) -> None:
    if costs:
        try:
            await costs[0][0].settle(costs[0][1])
        finally:
            await _settle_late(costs[1:])


def use_of(unit: Unit, wanted: Sequence[Allowance], reservation: Reservation, request: object) -> Use:
    if isinstance(request, HearRequest):
        return Use(unit, wanted, reservation, live=request.audio)
    if not isinstance(request, SpeechRequest):
        return Use(unit, wanted, reservation)
    known = unit is Unit.CHARACTERS and isinstance(request.text, str)
    silence = request.silence if unit is Unit.SPOKEN else 0.0
    return Use(unit, wanted, reservation, known=known, silence=silence, words=request.config.dictionary)
