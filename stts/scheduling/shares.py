"""Divides requests among engines by weight, evenly and without chance (smooth weighted round robin). Pure."""

from __future__ import annotations

from collections.abc import Mapping


class Shares:
    """Whoever has been passed over longest, by weight, is next: weights 3 and 1 give a, a, b, a and so on."""

    def __init__(self) -> None:
        self._credit: dict[str, float] = {}

    def next(self, weights: Mapping[str, float]) -> str | None:
        """The name whose turn it is; None where no weight is above 0. Names may come and go between two calls."""
        able = {name: weight for name, weight in weights.items() if weight > 0}
        if not able:
            return None
        self._credit = {name: self._credit.get(name, 0.0) + weight for name, weight in able.items()}
        chosen = max(able, key=lambda name: self._credit[name])
        self._credit[chosen] -= sum(able.values())
        return chosen
