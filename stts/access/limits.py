"""The limits that hold for a caller: of its key, its user and its network.

They are worked out once and kept, since each of its requests asks for them several times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from stts.access.allowances import Allowance, Period, Unit
from stts.access.principal import Principal
from stts.access.roles import Role
from stts.settings.quotas import Limits, QuotaSettings

MOST_KNOWN = 10_000
"""Callers whose limits are kept."""
WINDOW_SECONDS = 60.0
"""The window of a rate."""
UNBOUNDED = 2e12
"""The most of an amount that is counted and not limited."""
REQUESTS, OPERATIONS = "client", "operations"
"""First words of the subjects whose rates are those of a listener: requests of a client, and what it begins."""
Values = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody whose use is counted, with the limits of it by their names."""

    name: str
    """`key:ID`, `user:ID`, `address:NETWORK`, or `subject:KEY:NAME` for whom the holder of a key asks."""
    limits: Values
    is_told: bool = False
    """True where its use is told, so that it is counted although nothing limits it."""

    @property
    def is_key(self) -> bool:
        """False where several keys, or callers without one, may count for it."""
        return self.name.startswith("key:")


class Rate(NamedTuple):
    """The most requests a minute of one subject."""

    subject: str
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class LimitSet:
    """All that limits one caller."""

    subjects: tuple[Subject, ...] = ()
    """Those that one call counts for."""
    allowances: Mapping[Unit, Sequence[Allowance]] = field(default_factory=dict)
    """Allowances in all periods that are limited; units that are not limited are absent."""
    amounts: tuple[Allowance, ...] = ()
    """The same in one row, but for those that limit nothing."""
    told: tuple[Allowance, ...] = ()
    """All of a subject that the caller names, by which its use is told."""
    rates: Mapping[Role, tuple[Rate, ...]] = field(default_factory=dict)
    """Every rate that a request to a route of a role counts for; empty for roles without one."""

    is_limited: bool = False
    """True if a subject has any limit."""


UNLIMITED = LimitSet()


def limits_of(principal: Principal, network: str, quotas: QuotaSettings) -> LimitSet:
    """`network`: empty for this machine, which has no limits as an address."""
    if principal.key is None and not (network and (quotas.address or quotas.routes)):
        return UNLIMITED
    return _KNOWN.of(principal, network, quotas)


class _Known:
    """The limits of callers that came lately."""

    def __init__(self) -> None:
        self._quotas: QuotaSettings | None = None
        self._limits: dict[tuple[str, int, str, str], LimitSet] = {}

    def of(self, principal: Principal, network: str, quotas: QuotaSettings) -> LimitSet:
        if quotas is not self._quotas or len(self._limits) >= MOST_KNOWN:
            self._quotas, self._limits = quotas, {}
        version = principal.key.version if principal.key is not None else 0
        caller = (principal.name, version, network, principal.subject)
        known = self._limits.get(caller)
        if known is None:
            known = self._limits[caller] = _worked_out(principal, network, quotas)
        return known


_KNOWN = _Known()


def _worked_out(principal: Principal, network: str, quotas: QuotaSettings) -> LimitSet:
    subjects = tuple(_subjects(principal, network, quotas))
    allowances = {unit: found for unit in Unit if (found := tuple(_allowances(subjects, unit)))}
    caller = principal.name if principal.key is not None else f"address:{network}"
    rates = {role: rated for role in Role if (rated := tuple(_rates(subjects, caller, role, quotas)))}
    amounts = tuple(each for found in allowances.values() for each in found)
    told = tuple(each for each in amounts if each.subject in {named.name for named in subjects if named.is_told})
    limiting = tuple(each for each in amounts if each.most < UNBOUNDED)
    is_limited = any(each.limits or each.is_told for each in subjects)
    return LimitSet(subjects, allowances, limiting, told, rates, is_limited)


def _subjects(principal: Principal, network: str, quotas: QuotaSettings) -> Iterator[Subject]:
    key = principal.key
    if key is not None:
        own = {name: most for name, most in asdict(key.limits).items() if most is not None}
        yield Subject(f"key:{key.id}", {**_named(quotas.key), **own})
        subject_limits = key.limits_of(principal.subject)
        if principal.subject and subject_limits is not None:
            limits = {name: most for name, most in asdict(subject_limits).items() if most is not None}
            yield Subject(f"subject:{key.id}:{principal.subject}", limits, is_told=True)
        if quotas.user:
            yield Subject(f"user:{key.user_id}", _named(quotas.user))
    if network and quotas.address:
        yield Subject(f"address:{network}", _named(quotas.address))


def _named(limits: Limits) -> dict[str, int | None]:
    return {str(name): most for name, most in limits.items()}


def _allowances(who: Iterable[Subject], unit: Unit) -> Iterator[Allowance]:
    for each in who:
        for period in Period:
            most = each.limits.get(f"{unit}_per_{period}")
            if most is not None or each.is_told:
                yield Allowance(each.name, unit, period, UNBOUNDED if most is None else most)


def _rates(who: Iterable[Subject], caller: str, role: Role, quotas: QuotaSettings) -> Iterator[Rate]:
    for each in who:
        if (most := each.limits.get("requests_per_minute")) is not None:
            yield Rate(each.name, most)
    of_role = quotas.routes.get(role.label)  # type: ignore[call-overload]
    if of_role is not None:
        yield Rate(f"route:{role.label}:{caller}", of_role)
