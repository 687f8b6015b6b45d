"""Counters of quotas on both databases: exact, however many claim at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stts.access.allowances import Allowance, Counter, Period, QuotaExceeded, Unit
from stts.access.quotas import QuotaBook
from stts.settings import Settings
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.connections import Database
from stts.storage.database.opening import StoreOpener
from stts.storage.database.stores import Stores

DAY = Counter("key:1", "characters", "2026-11-29")


async def test_many_who_claim_at_once(stores: Stores) -> None:
    claims = await asyncio.gather(*(stores.quotas.claim(DAY, 10, 10, 105) for _ in range(30)))
    assert sorted(claim.granted for claim in claims) == [0.0] * 20 + [10.0] * 10
    assert (await stores.quotas.claim(DAY, 1, 100, 105)).granted == 5


async def test_amounts_are_added_and_given_back(stores: Stores) -> None:
    other = Counter("key:2", "audio_seconds_in", "2026-11")
    await stores.quotas.add([(DAY, 12.5), (other, 3.0), (DAY, -2.5)])
    assert (await stores.quotas.claim(DAY, 0, 0, 1000)).used == 10.0
    assert (await stores.quotas.claim(other, 0, 0, 1000)).used == 3.0


async def test_those_who_used_most_are_told_with_all_their_sums(stores: Stores) -> None:
    day, month = "2026-11-29", "2026-11"
    used = {"a:7": (5, 50), "a:8": (9, 20), "a:9": (1, 90), "b:7": (7, 99)}
    for name, amounts in used.items():
        subjects = [Counter(f"subject:{name}", "characters", window) for window in (day, month)]
        await stores.quotas.add([(each, float(amount)) for each, amount in zip(subjects, amounts, strict=True)])
    await stores.quotas.add([(Counter("subject:a:7", "characters", "2026-10"), 3.0)])
    names = await stores.quotas.largest("subject:a:", "characters", month, 2)
    assert list(names.items()) == [("subject:a:9", 90.0), ("subject:a:7", 50.0)]
    found = await stores.quotas.sums(list(names), [day, month])
    assert {(each.subject, each.window): amount for each, amount in found.items()} == {
        ("subject:a:9", day): 1.0,
        ("subject:a:9", month): 90.0,
        ("subject:a:7", day): 5.0,
        ("subject:a:7", month): 50.0,
    }


async def test_two_servers_count_together(stores: Stores, address: DatabaseAddress) -> None:
    other = Stores.over(address)

    async def first() -> object:
        return stores.quotas

    async def second() -> object:
        return other.quotas

    books = [QuotaBook(first), QuotaBook(second)]  # type: ignore[arg-type]
    allowance = Allowance("key:1", Unit.CHARACTERS, Period.MONTH, 100)
    calls = [books[number % 2].reserve([allowance], 10) for number in range(40)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    refused = [each for each in results if isinstance(each, QuotaExceeded)]
    assert len(results) - len(refused) == 10 and len(refused) == 30
    await other.database.close()


def test_an_opener_opens_nothing_by_itself() -> None:
    def unasked() -> object:
        raise AssertionError("the settings were asked for")

    assert StoreOpener(unasked).state == "unused"  # type: ignore[arg-type]


async def test_an_opener_tells_that_it_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_migrate = asyncio.Event()

    async def migrate(self: Database) -> None:
        await may_migrate.wait()

    monkeypatch.setattr(Database, "migrate", migrate)
    opener = StoreOpener(lambda: Settings.model_validate({"storage": {"root": str(tmp_path)}}))
    opening = asyncio.create_task(opener.stores())
    await asyncio.sleep(0)
    states = [opener.state]
    may_migrate.set()
    await opening
    assert [*states, opener.state] == ["opening", "up"]
    await opener.close()


async def test_reading_makes_no_counter(stores: Stores) -> None:
    assert await stores.quotas.used([DAY]) == {}
    await stores.quotas.add([(DAY, 3.0)])
    assert await stores.quotas.used([DAY, Counter("key:2", "characters", "2026-11")]) == {DAY: 3.0}


async def test_old_windows_are_removed(stores: Stores) -> None:
    windows = ["2026-08", "2026-09", "2026-09-27", "2026-09-28", "2026-11-29", "2026-11"]
    await stores.quotas.add([(Counter("key:1", "characters", window), 1.0) for window in windows])
    assert await stores.quotas.remove_before("2026-09-28") == 3
    counters = [Counter("key:1", "characters", window) for window in windows]
    assert sorted(each.window for each in await stores.quotas.used(counters)) == ["2026-09-28", "2026-11", "2026-11-29"]
