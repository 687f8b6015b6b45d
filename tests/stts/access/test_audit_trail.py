"""The audit trail in memory: nobody waits for it, nothing is written twice, and losses are told."""

from __future__ import annotations

import asyncio

import pytest

from stts.access import audit_trail as audit_trail_module
from stts.access import refusals as refusals_module
from stts.access.audit import Action, AuditEntry, verify
from stts.access.audit_trail import DAY, REMOVE_SECONDS, AuditTrail
from stts.access.principal import API_KEY_HOLDER
from stts.access.refusals import WINDOW_SECONDS
from stts.errors import DatabaseAway
from tests.patient import PATIENCE
from tests.stts.access.audits import MemoryAudit
from tests.stts.access.keys import Clock


class World:
    """A trail over a store in memory."""

    def __init__(self) -> None:
        self.store = MemoryAudit()
        self.clock, self.monotonic = Clock(1_000_000.0), Clock(5.0)
        self.days: int | None = None
        self.trail = AuditTrail(self.store.opened, lambda: self.days, clock=self.clock, monotonic=self.monotonic)

    def load(self, name: str = "tone") -> None:
        self.trail.record("key:1", Action.ENGINE_LOAD, name)

    def refuse(self, address: str, status: int = 401) -> None:
        self.trail.access_refused(None, address, status, "GET /me")

    @property
    def written(self) -> list[AuditEntry]:
        return self.store.entries


@pytest.fixture
def world() -> World:
    return World()


async def test_the_task_writes_by_itself(world: World) -> None:
    written = asyncio.Event()
    world.store.on_append = written.set
    task = asyncio.create_task(world.trail.run())
    try:
        for name in ("first", "second"):
            await asyncio.sleep(0)
            world.load(name)
            async with asyncio.timeout(PATIENCE):
                await written.wait()
            written.clear()
        assert [each.target for each in world.written] == ["first", "second"]
        assert world.written[0].at == 1_000_000.0 and world.written[0].actor == "key:1"
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_nothing_opens_the_database_before_something_happens(world: World) -> None:
    await world.trail.write()
    await world.trail.remove_old()
    await world.trail.close()
    assert world.store.opened_times == 0


async def test_entries_wait_while_the_database_is_away(world: World) -> None:
    world.store.is_away = True
    world.load("first")
    with pytest.raises(DatabaseAway):
        await world.trail.write()
    world.load("second")
    world.store.is_away = False
    await world.trail.write()
    assert [each.target for each in world.written] == ["first", "second"]


async def test_what_is_lost_is_counted_in_an_entry(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail_module, "MOST_WAITING", 4)
    monkeypatch.setattr(audit_trail_module, "WRITTEN_AT_ONCE", 2)
    world.store.is_away = True
    for number in range(10):
        world.load(str(number))
    with pytest.raises(DatabaseAway):
        await world.trail.write()
    world.store.is_away = False
    await world.trail.write()
    assert [each.target for each in world.written] == ["0", "1", "2", "3", ""]
    assert world.written[-1].action == "audit.lost" and world.written[-1].details == {"count": 6}
    assert verify(world.written) is None


async def test_an_answer_that_got_lost_writes_nothing_twice(world: World) -> None:
    world.store.loses_answers = True
    world.load()
    with pytest.raises(DatabaseAway):
        await world.trail.write()
    world.store.loses_answers = False
    world.load("later")
    await world.trail.write()
    assert [each.target for each in world.written] == ["tone", "later"]


async def test_writers_at_once_write_each_entry_once(world: World) -> None:
    for number in range(1200):
        world.load(str(number))
    await asyncio.gather(*(world.trail.write() for _ in range(5)))
    assert [each.target for each in world.written] == [str(number) for number in range(1200)]


async def test_refusals_are_counted_a_minute_and_address(world: World) -> None:
    for number in range(1000):
        world.refuse("192.0.2.1", 401 if number % 4 else 429)
    world.refuse("2001:db8::1")
    world.refuse("2001:db8::2")
    world.refuse("127.0.0.1")
    world.trail.access_refused(API_KEY_HOLDER, "192.0.2.1", 403, "GET /admin/keys")
    await world.trail.write()
    assert world.written == []
    world.monotonic.now += WINDOW_SECONDS
    await world.trail.write()
    told = {(each.actor, each.target): each.details for each in world.written}
    assert told["unknown", "192.0.2.1"]["refused"] == {"401 GET /me": 750, "429 GET /me": 250}
    assert told["unknown", "192.0.2.1"]["count"] == 1000
    assert told["unknown", "2001:db8::/64"]["count"] == 2
    assert told["unknown", "loopback"]["count"] == 1
    assert told["api_key", "192.0.2.1"]["refused"] == {"403 GET /admin/keys": 1}


async def test_many_addresses_make_few_entries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals_module, "MOST_KINDS", 2)
    for number in range(5000):
        world.refuse(f"10.0.{number // 256}.{number % 256}")
    for number in range(5):
        world.trail.access_refused(None, "10.0.0.0", 401, f"GET /{number}")
    await world.trail.flush()
    assert len(world.written) == refusals_module.MOST_CALLERS + 1
    assert sum(each.details["count"] for each in world.written) == 5005
    (first,) = (each for each in world.written if each.target == "10.0.0.0")
    assert first.details["refused"] == {"401 GET /me": 1, "401 GET /0": 1, "others": 4}


async def test_the_task_tells_refusals_when_their_minute_is_over(world: World) -> None:
    written = asyncio.Event()
    world.store.on_append = written.set
    world.refuse("192.0.2.1")
    world.monotonic.now += WINDOW_SECONDS
    task = asyncio.create_task(world.trail.run())
    try:
        async with asyncio.timeout(PATIENCE):
            await written.wait()
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert [each.action for each in world.written] == ["access.refused"]


async def test_quota_refusals_have_their_own_entry(world: World) -> None:
    for _ in range(3):
        world.trail.quota_refused(API_KEY_HOLDER, "quota_exceeded", "POST /tts")
    await world.trail.flush()
    (entry,) = world.written
    assert (entry.actor, entry.action, entry.target) == ("api_key", "quota.refused", "quota_exceeded")
    assert entry.details["refused"] == {"429 POST /tts": 3}


async def test_old_entries_are_removed_and_that_is_told(world: World) -> None:
    for name in ("old", "older"):
        world.load(name)
    await world.trail.write()
    world.days = 30
    world.clock.now += 30 * DAY
    world.load("young")
    await world.trail.remove_old()
    world.clock.now += 1
    await world.trail.remove_old()
    await world.trail.write()
    assert len(world.written) == 3
    world.monotonic.now += REMOVE_SECONDS
    await world.trail.remove_old()
    await world.trail.write()
    assert [each.target for each in world.written] == ["young", ""]
    assert world.written[-1].action == "audit.remove" and world.written[-1].details["through"] == 2
    assert verify(world.written, world.store.removed) is None


async def test_a_stop_writes_the_rest(world: World) -> None:
    world.load()
    world.refuse("192.0.2.1")
    await world.trail.close()
    assert [each.action for each in world.written] == ["engine.load", "access.refused"]


async def test_a_stop_without_the_database_says_what_is_lost(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.store.is_away = True
    world.load()
    with pytest.raises(DatabaseAway):
        await world.trail.close()
    assert "audit_lost" in capsys.readouterr().out
