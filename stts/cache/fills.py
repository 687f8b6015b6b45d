"""The answers in the making that a request may join, and which of them may still be kept.

Two requests with one key may have different rights and wishes: these decide what happens where the engine fails. So a
fill that could be given to another engine is shared only by requests that would go on alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from stts.cache.filling import Fill
from stts.cache.room import Room
from stts.context import Priority
from stts.plans import SpeechPlan
from stts.speech import SynthesisConfig

Wishes = tuple[SynthesisConfig, str | None, tuple[str, ...]]


def wishes_of(plan: SpeechPlan) -> Wishes | None:
    """All that decides who goes on where the engine fails; None where nobody would."""
    return (plan.asked, plan.chosen, plan.alternatives) if plan.alternatives else None


@dataclass(frozen=True, slots=True)
class _Shared:
    wishes: Wishes | None
    fill: Fill


class Fills:
    """One for the process, used on one event loop."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes`: all together, those included that are made and still being read."""
        self.room = Room(most_bytes)
        self._shared: dict[str, list[_Shared]] = {}
        """Those of each key, the latest last."""

    def __len__(self) -> int:
        return sum(map(len, self._shared.values()))

    def joinable(self, key: str, wishes: Wishes | None, priority: Priority) -> Fill | None:
        """The latest that a request with these wishes may join."""
        for shared in reversed(self._shared.get(key, ())):
            if shared.wishes == wishes and shared.fill.may_join(priority):
                return shared.fill
        return None

    def add(self, key: str, wishes: Wishes | None, fill: Fill, *, renews: bool) -> None:
        """`renews`: earlier ones of this key are neither joined any more nor kept."""
        if renews:
            self._shared.pop(key, None)
        self._shared.setdefault(key, []).append(_Shared(wishes, fill))

    def has(self, key: str, fill: Fill) -> bool:
        """False once it was renewed or has left."""
        return any(shared.fill is fill for shared in self._shared.get(key, ()))

    def leave(self, key: str, fill: Fill) -> None:
        """Nobody joins it any more. One that has left already may leave again."""
        rest = [shared for shared in self._shared.get(key, ()) if shared.fill is not fill]
        if rest:
            self._shared[key] = rest
        else:
            self._shared.pop(key, None)
