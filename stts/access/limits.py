"""The limits that hold for a caller: of its key, its user and its network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from stts.access.allowances import Allowance, Period, Unit
from stts.access.principal import Principal
from stts.settings.quotas import Limits, QuotaSettings

MOST_KNOWN = 10_000
"""Callers whose subjects are kept."""
Values = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody whose use is counted, with the limits of it by their names."""

    name: str
    """`key:ID`, `user:ID` or `address:NETWORK`."""
    limits: Values


def subjects(principal: Principal, network: str, quotas: QuotaSettings) -> tuple[Subject, ...]:
    """Those that one call counts for. `network`: empty for this machine, which has no limits as an address."""
    if principal.key is None and not (network and quotas.address):
        return ()
    return _KNOWN.of(principal, network, quotas)


class _Known:
    """The subjects of callers that came lately: a request asks for them at each of its limits."""

    def __init__(self) -> None:
        self._quotas: QuotaSettings | None = None
        self._subjects: dict[tuple[str, int, str], tuple[Subject, ...]] = {}

    def of(self, principal: Principal, network: str, quotas: QuotaSettings) -> tuple[Subject, ...]:
        if quotas is not self._quotas or len(self._subjects) >= MOST_KNOWN:
            self._quotas, self._subjects = quotas, {}
        caller = (principal.name, principal.key.version if principal.key is not None else 0, network)
        known = self._subjects.get(caller)
        if known is None:
            known = self._subjects[caller] = tuple(_subjects(principal, network, quotas))
        return known


_KNOWN = _Known()


def _subjects(principal: Principal, network: str, quotas: QuotaSettings) -> Iterator[Subject]:
    key = principal.key
    if key is not None:
        own = {name: most for name, most in asdict(key.limits).items() if most is not None}
        yield Subject(f"key:{key.id}", {**_named(quotas.key), **own})
        if quotas.user:
            yield Subject(f"user:{key.user_id}", _named(quotas.user))
    if network and quotas.address:
        yield Subject(f"address:{network}", _named(quotas.address))


def _named(limits: Limits) -> dict[str, int | None]:
    return {str(name): most for name, most in limits.items()}


def allowances(who: Iterable[Subject], unit: Unit) -> list[Allowance]:
    """Their allowances of a unit, in all periods that are limited."""
    return [
        Allowance(each.name, unit, period, most)
        for each in who
        for period in Period
        if (most := each.limits.get(f"{unit}_per_{period}")) is not None
    ]
