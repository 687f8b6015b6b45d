"""Routing: which engines a request may be given, in which order, and the first of them that can do what is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from adapters.availability import Candidates
from adapters.catalogue import EngineCatalogue
from adapters.speech.refusals import LacksAbility, NoSuchVoice, refusal_of_all
from adapters.transcription.refusals import refusal_of_ears
from stts.access.permission import Permission
from stts.engine_api import EngineKind
from stts.errors import EngineNotInstalled, Forbidden, InvalidParameter, InvalidRequest, UnknownParameter
from stts.plans import PlanBasis, SpeechPlan, TranscriptionPlan
from stts.scheduling.routing import Occasion, first_fitting, ordered
from stts.scheduling.shares import Shares
from stts.settings import CurrentSettings, RoutingRule
from stts.transcription import TranscriptionConfig

Plan = TypeVar("Plan", SpeechPlan, TranscriptionPlan)
PlanWith = Callable[[str], Awaitable[Plan]]
"""Plans a request for the engine of this name. Raises InvalidRequest for what that cannot do, and Forbidden for a voice
of it that the caller may not use."""

BREAKER_OPEN = "breaker_open"
"""Code for an engine that rests because requests have failed, in place of an error's."""
MOST_SHARES = 100
"""Weights of rules that are kept apart."""


class RoutingPolicy:
    """Made once, over all engines."""

    def __init__(self, catalogue: EngineCatalogue, settings: CurrentSettings) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._shares: dict[tuple[tuple[str, float], ...], Shares] = {}

    async def candidates(self, occasion: Occasion) -> Candidates:
        """The engines for an occasion. For open connections those that are too slow stand last."""
        rule = self._rule(occasion)
        order = None if rule is None else ordered(rule, self._order(occasion.kind))
        found = _permitted(await self._catalogue.candidates(occasion.kind, order), occasion.permission)
        if occasion.role != "realtime" or not any(self.is_slow(name) for name in found.working):
            return found
        return replace(found, working=tuple(sorted(found.working, key=self.is_slow)))

    def is_slow(self, name: str) -> bool:
        """True for an engine that is measured, or says itself, to be too slow for open connections."""
        factor = self._catalogue.instance(name).real_time_factor
        return factor is not None and factor > self._settings().routing.realtime_factor

    async def choose(self, occasion: Occasion, plan_with: PlanWith[Plan]) -> Plan:
        """The plan of the first candidate that does exactly what is asked, else of the first that does it at all.

        Engines that rest are asked where no other can do it. Raises what the last candidate had against the request (of
        a voice that none of them has or speaks with, and of a language that none understands, what all had),
        Forbidden where one could have done it for somebody else, and EngineNotInstalled where there is none.
        """
        found = await self.candidates(occasion)
        best = await _best(self._drawn(occasion, found.working), plan_with)
        if best.plan is None and found.resting:
            best = await _best(found.resting, plan_with, best.refusal)
        if best.plan is None:
            if best.refusal is None and occasion.permission.engines:
                raise Forbidden("None of the engines that this key may use works here.")
            if isinstance(best.refusal, LacksAbility | NoSuchVoice):
                engines = self._catalogue.descriptions("tts")
                raise refusal_of_all(best.refusal, occasion.voice or "", found.names, engines)
            raise best.refusal or EngineNotInstalled(
                f"No engine of {occasion.kind}.order is installed with its weights on this disk."
            )
        return await self._grounded(best.plan, occasion, found, plan_with)

    async def named(self, occasion: Occasion, plan: Plan) -> Plan:
        """The plan of an engine that the request names, with alternatives where the operator lets it fall back."""
        settings = self._settings()
        others: tuple[str, ...] = ()
        if settings.routing.named_falls_back:
            others = self._others(await self.candidates(occasion), plan.instance)
        return replace(plan, alternatives=others, basis=PlanBasis(settings, (plan.instance,)))

    async def advised(
        self,
        occasion: Occasion,
        config: TranscriptionConfig,
        planned: Awaitable[TranscriptionPlan],
        name: str | None = None,
    ) -> TranscriptionPlan:
        """A plan of transcription whose refusal says what to do next. `name`: the engine that the request names."""
        try:
            return await planned
        except InvalidParameter as refusal:
            found, engines = (await self.candidates(occasion)).names, self._catalogue.descriptions("stt")
            asked = found if name is None else [name]
            raise refusal_of_ears(refusal, config, asked, found, engines, named=name is not None) from None

    async def next_plan(self, plan: Plan, tried: frozenset[str], plan_with: PlanWith[Plan]) -> Plan | None:
        """The plan of the next alternative that works and was not tried; None: there is none."""
        names = [each for each in plan.alternatives if each not in tried and self._works(each)]
        return (await _best(names, plan_with)).plan

    async def _grounded(self, plan: Plan, occasion: Occasion, found: Candidates, plan_with: PlanWith[Plan]) -> Plan:
        """The plan with the grounds of its choice."""
        return replace(
            plan,
            alternatives=self._others(found, plan.instance),
            basis=PlanBasis(self._settings(), found.names),
            resting=await self._passed_over(found, plan, plan_with),
            warnings=(*plan.warnings, *self._slowness(occasion, plan.instance)),
        )

    def _rule(self, occasion: Occasion) -> RoutingRule | None:
        return first_fitting(self._settings().routing.rules, occasion)

    def _order(self, kind: EngineKind) -> tuple[str, ...]:
        settings = self._settings()
        return settings.tts.order if kind == "tts" else settings.stt.order

    def _drawn(self, occasion: Occasion, names: tuple[str, ...]) -> tuple[str, ...]:
        """The names with that in front whose turn it is by the weights of the rule."""
        rule = self._rule(occasion)
        if rule is None or not rule.weights:
            return names
        fast = [name for name in names if not self.is_slow(name)] or names
        if len(self._shares) >= MOST_SHARES:
            self._shares.clear()
        shares = self._shares.setdefault(tuple(rule.weights.items()), Shares())
        first = shares.next({name: rule.weights[name] for name in fast if name in rule.weights})
        return names if first is None else (first, *(name for name in names if name != first))

    def _others(self, found: Candidates, taken: str) -> tuple[str, ...]:
        if not self._settings().routing.fall_back:
            return ()
        names = found.names if taken in found.resting else found.working
        return tuple(name for name in names if name != taken)

    def _works(self, name: str) -> bool:
        instance = self._catalogue.instance(name)
        return instance.state not in ("failed", "not_installed") and self._catalogue.health.closed(name)

    async def _passed_over(self, found: Candidates, plan: Plan, plan_with: PlanWith[Plan]) -> str | None:
        """Code of why an engine rests that would have been taken before this one; None: there is none such."""
        before = found.order[: found.order.index(plan.instance)]
        for name in before:
            if name in found.resting:
                instead = (await _best([name], plan_with)).plan
                if instead is not None and (instead.exact or not plan.exact):
                    failure = self._catalogue.instance(name).failure
                    return failure.code if failure is not None else BREAKER_OPEN
        return None

    def _slowness(self, occasion: Occasion, name: str) -> tuple[str, ...]:
        if occasion.role != "realtime" or not self.is_slow(name):
            return ()
        return (f"{name} is too slow on this machine for a conversation, but no other engine can do this.",)


def _permitted(found: Candidates, permission: Permission) -> Candidates:
    if not permission.engines:
        return found
    working, resting = permission.allowed(found.working), permission.allowed(found.resting)
    return replace(found, working=working, resting=resting)


@dataclass(frozen=True, slots=True)
class _Best(Generic[Plan]):
    """The plan of the first that does exactly what is asked, else of the first that does it at all."""

    plan: Plan | None
    refusal: InvalidRequest | Forbidden | None
    """The last reason for which one could not do it; before all others, that the caller may not have it done."""


async def _best(
    names: Iterable[str], plan_with: PlanWith[Plan], refusal: InvalidRequest | Forbidden | None = None
) -> _Best[Plan]:
    """`refusal`: of those that were asked before."""
    second_best: Plan | None = None
    for name in names:
        try:
            plan = await plan_with(name)
        except (InvalidRequest, Forbidden) as refused:
            refusal = _weightier(refusal, refused)
            continue
        if plan.exact:
            return _Best(plan, refusal)
        second_best = second_best or plan
    return _Best(second_best, refusal)


def _weightier(
    before: InvalidRequest | Forbidden | None, refused: InvalidRequest | Forbidden
) -> InvalidRequest | Forbidden:
    """The refusal to tell: where no engine has a parameter, that of the first, which would have been taken."""
    both_unknown = isinstance(before, UnknownParameter) and isinstance(refused, UnknownParameter)
    return before if before is not None and (both_unknown or isinstance(before, Forbidden)) else refused
