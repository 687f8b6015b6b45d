"""Refusals by limits and quotas: counted for the metrics, and told to the audit trail where one is kept."""

from __future__ import annotations

from collections import Counter

from stts.access.allowances import QuotaExceeded
from stts.access.audit_trail import AuditTrail
from stts.access.principal import Principal
from stts.errors import TooManyRequests


class QuotaRefusals:
    """One for the process."""

    def __init__(self, audit: AuditTrail | None = None) -> None:
        """`audit`: None where no audit trail is kept."""
        # From the start: of a counter that appears only with its first, Prometheus does not see that one.
        self.counts = Counter({TooManyRequests.code: 0, QuotaExceeded.code: 0})
        """By the code of the error."""
        self._audit = audit

    def tell(self, principal: Principal, quota: str, route: str) -> None:
        """One more. `quota`: the code of the error."""
        self.counts[quota] += 1
        if self._audit is not None:
            self._audit.quota_refused(principal, quota, route)
