"""The audit trail in the database, on both kinds."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from stts.access import audit_check
from stts.access.audit import Action, AuditEvent, AuditFilter, Fault, FaultKind
from stts.access.audit_check import check_chain
from stts.access.audit_trail import AuditTrail
from stts.errors import DatabaseAway, DatabaseUnusable
from stts.storage.database import audit as audit_module
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.audit import Audit
from stts.storage.database.circuit_breaker import REST_SECONDS, CircuitBreaker
from stts.storage.database.stores import Stores
from tests.patient import PATIENCE
from tests.postgres import require_postgres, running_postgres
from tests.stts.access.keys import Clock


def event(number: int, **values: object) -> AuditEvent:
    members = {"at": 1000 + number, "actor": "key:1", "action": Action.ENGINE_LOAD, "target": f"engine {number}"}
    return AuditEvent(**{**members, **values})  # type: ignore[arg-type]


def events(count: int = 6) -> list[AuditEvent]:
    return [event(number) for number in range(count)]


async def tamper(stores: Stores, *statements: str) -> None:
    async with stores.database.writing() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_an_entry_comes_back_as_it_was(stores: Stores) -> None:
    details = {
        "old": None,
        "new": [1, 2.5, True, "Ünï ☃ \U0001f600", "'; DROP TABLE audit; --", "\x00\ud800"],
        "at": 0.1 + 0.2,
    }
    given = event(1, at=1_764_380_000.123456, actor="x'; --", target="Ünï\x00", details=details)
    await stores.audit.append([given])
    (found,) = await stores.audit.oldest(most=10)
    assert found.details == given.details and found.at == given.at and found.actor == given.actor
    assert found.sequence == 1 and found.is_whole
    assert (await check_chain(stores.audit)).fault is None


async def test_entries_are_found_in_pages_and_by_filter(stores: Stores) -> None:
    await stores.audit.append([*events(), event(6, action=Action.KEY_CREATE, actor="command", target="k")])
    newest = await stores.audit.newest(most=3)
    assert [each.sequence for each in newest] == [7, 6, 5]
    assert [each.sequence for each in await stores.audit.newest(before=5, most=3)] == [4, 3, 2]
    assert [each.sequence for each in await stores.audit.oldest(after=5, most=3)] == [6, 7]
    for wanted, sequences in {
        AuditFilter(action="key.create"): [7],
        AuditFilter(actor="command"): [7],
        AuditFilter(target="engine 2"): [3],
        AuditFilter(since=1002, until=1004): [3, 4],
        AuditFilter(actor="' OR 1=1 --"): [],
    }.items():
        assert [each.sequence for each in await stores.audit.oldest(wanted, most=10)] == sequences


async def test_an_event_is_written_once(stores: Stores) -> None:
    await stores.audit.append([])
    await stores.audit.append(events(3))
    first = event(9)
    await stores.audit.append([first])
    await stores.audit.append([first, event(10)])
    report = await check_chain(stores.audit)
    assert report.entries == 5 and report.fault is None


async def test_servers_that_write_at_once_never_fork_the_chain(stores: Stores, address: DatabaseAddress) -> None:
    other = Stores.over(address)
    try:
        writers = (stores, other)
        await asyncio.gather(*(writers[each % 2].audit.append(events(3)) for each in range(20)))
    finally:
        await other.database.close()
    report = await check_chain(stores.audit)
    assert report.entries == 60 == report.ends.newest.sequence and report.fault is None


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (["UPDATE audit SET target = 'other' WHERE sequence = 3"], Fault(3, FaultKind.CHANGED)),
        (["UPDATE audit SET details = 'no JSON' WHERE sequence = 3"], Fault(3, FaultKind.CHANGED)),
        (["UPDATE audit SET action = 'no.action' WHERE sequence = 6"], Fault(6, FaultKind.CHANGED)),
        (["DELETE FROM audit WHERE sequence = 3"], Fault(3, FaultKind.REMOVED)),
        (["DELETE FROM audit WHERE sequence = 1"], Fault(1, FaultKind.REMOVED)),
        (["DELETE FROM audit WHERE sequence = 6"], Fault(6, FaultKind.REMOVED)),
        (["DELETE FROM audit"], Fault(1, FaultKind.REMOVED)),
        (
            [
                "UPDATE audit SET sequence = 99 WHERE sequence = 3",
                "UPDATE audit SET sequence = 3 WHERE sequence = 5",
                "UPDATE audit SET sequence = 5 WHERE sequence = 99",
            ],
            Fault(3, FaultKind.REORDERED),
        ),
        (["UPDATE audit SET sequence = 7 WHERE sequence = 6"], Fault(6, FaultKind.REMOVED)),
        (["UPDATE audit_chain SET sequence = 5"], Fault(5, FaultKind.DETACHED)),
    ],
)
async def test_what_somebody_did_to_the_table_is_found(
    stores: Stores, statements: list[str], fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_check, "PAGE", 2)
    await stores.audit.append(events())
    await tamper(stores, *statements)
    assert (await check_chain(stores.audit)).fault == fault
    assert len(await stores.audit.newest(most=10)) == len(await stores.audit.oldest(most=10))


async def test_an_entry_behind_the_newest_is_found(stores: Stores) -> None:
    await stores.audit.append(events())
    await tamper(
        stores,
        "CREATE TABLE copied AS SELECT * FROM audit WHERE sequence = 6",
        "UPDATE copied SET sequence = 9, id = 'new'",
        "INSERT INTO audit SELECT * FROM copied",
    )
    assert (await check_chain(stores.audit)).fault == Fault(9, FaultKind.ADDED)


async def test_a_chain_that_was_changed_takes_no_entry_and_says_why(stores: Stores) -> None:
    await stores.audit.append(events())
    await tamper(stores, "UPDATE audit_chain SET sequence = 5")
    with pytest.raises(DatabaseUnusable, match="stts audit verify"):
        await stores.audit.append(events(1))
    assert stores.database.away_since is None


@pytest.mark.socket
async def test_entries_wait_until_a_killed_database_is_back() -> None:
    require_postgres()
    with running_postgres() as server:
        stores = Stores.over(DatabaseAddress(None, server.new_database(), PATIENCE))
        clock = Clock()
        stores.database._breaker = CircuitBreaker(clock)
        await stores.database.migrate()

        async def store() -> Audit:
            return stores.audit

        await check_chain(stores.audit)
        trail = AuditTrail(store, lambda: None)
        recorded = 0
        await asyncio.to_thread(server.kill)
        # The process of a connection may outlive its server for a moment, and answer.
        with pytest.raises(DatabaseAway):
            async with asyncio.timeout(PATIENCE):
                while True:
                    recorded += 1
                    trail.record("key:1", Action.ENGINE_LOAD, str(recorded))
                    await trail.write()
        await asyncio.to_thread(server.start)
        clock.now += REST_SECONDS
        await trail.write()
        report = await check_chain(stores.audit)
        assert report.entries == recorded and report.fault is None
        await stores.database.close()


async def test_retention_keeps_the_chain(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "REMOVED_AT_ONCE", 2)
    await stores.audit.append(events())
    assert await stores.audit.remove_before(1000) is None
    last = await stores.audit.remove_before(1003)
    assert last is not None and last.sequence == 2
    last = await stores.audit.remove_before(1003)
    assert last is not None and last.sequence == 3
    assert await stores.audit.remove_before(1003) is None
    report = await check_chain(stores.audit)
    assert report.fault is None and report.entries == 3 and report.ends.removed == last
    await tamper(stores, "DELETE FROM audit WHERE sequence = 4")
    assert (await check_chain(stores.audit)).fault == Fault(4, FaultKind.REMOVED)


async def test_a_noted_link_is_known_until_it_was_made_anew(stores: Stores) -> None:
    await stores.audit.append(events())
    written = await stores.audit.oldest(most=6)
    third, sixth = written[2].link, written[5].link
    assert (await check_chain(stores.audit, sixth)).fault is None
    await stores.audit.remove_before(1003)
    for known in (third, sixth, replace(third, sequence=1)):
        assert (await check_chain(stores.audit, known)).fault is None
    for wrong in (replace(third, hash=bytes(32)), replace(sixth, hash=bytes(32)), replace(sixth, sequence=7)):
        assert (await check_chain(stores.audit, wrong)).fault == Fault(wrong.sequence, FaultKind.REMADE)


async def test_retention_may_remove_all(stores: Stores) -> None:
    await stores.audit.append(events())
    await stores.audit.remove_before(5000)
    assert (await check_chain(stores.audit)).fault is None
    await stores.audit.append([event(9)])
    report = await check_chain(stores.audit)
    assert report.entries == 1 and report.fault is None and report.ends.newest.sequence == 7


async def test_a_clock_that_was_wrong_removes_nothing_young(stores: Stores) -> None:
    await stores.audit.append([event(0), event(500), event(1)])
    last = await stores.audit.remove_before(1100)
    assert last is not None and last.sequence == 1
    assert len(await stores.audit.oldest(most=10)) == 2
