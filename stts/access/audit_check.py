"""The check of a whole audit trail, page by page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stts.access.audit import AuditStore, ChainEnds, Fault, FaultKind, Link, verify

PAGE = 1000
"""Entries that are read at once."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    entries: int
    """Entries that hold, from the first one kept."""
    ends: ChainEnds
    fault: Fault | None


async def check_chain(store: AuditStore, noted: Link | None = None) -> ChainReport:
    """Verifies what is kept, from the last removed entry to the newest. Raises DatabaseAway.

    Entries that are appended meanwhile are left out; where retention removes some meanwhile, it begins again. `noted`:
    a link that was written down elsewhere, without which a chain that was made anew cannot be told from the one
    before. One that retention has removed says nothing.
    """
    while True:
        report = await _check(store)
        if report.fault is None and noted is not None and not await _is_known(store, noted, report.ends):
            report = replace(report, fault=Fault(noted.sequence, FaultKind.REMADE))
        if report.fault is None or (await store.ends()).removed == report.ends.removed:
            return report


async def _check(store: AuditStore) -> ChainReport:
    ends = await store.ends()
    link, entries = ends.removed, 0
    while link.sequence < ends.newest.sequence:
        page = await store.oldest(after=link.sequence, most=PAGE)
        page = [each for each in page if each.sequence <= ends.newest.sequence]
        fault = verify(page, link) if page else Fault(link.sequence + 1, FaultKind.REMOVED)
        if fault is not None:
            return ChainReport(entries + max(0, fault.sequence - link.sequence - 1), ends, fault)
        link, entries = page[-1].link, entries + len(page)
    if link.hash != ends.newest.hash:
        return ChainReport(entries, ends, Fault(link.sequence, FaultKind.DETACHED))
    return ChainReport(entries, ends, await _added(store, ends))


async def _is_known(store: AuditStore, noted: Link, ends: ChainEnds) -> bool:
    """True if the chain holds a link, or held it before it was removed."""
    if noted.sequence <= ends.removed.sequence:
        return noted.sequence < ends.removed.sequence or noted == ends.removed
    found = await store.oldest(after=noted.sequence - 1, most=1)
    return bool(found) and found[0].link == noted


async def _added(store: AuditStore, ends: ChainEnds) -> Fault | None:
    behind = await store.oldest(after=ends.newest.sequence, most=1)
    if not behind or behind[0].sequence <= (await store.ends()).newest.sequence:
        return None
    return Fault(behind[0].sequence, FaultKind.ADDED)
