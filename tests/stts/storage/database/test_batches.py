"""Batches on both databases: whole plans, leases that fence, and counts that stay right whatever is written twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from stts.errors import Conflict, NotFound, TooManyRequests
from stts.jobs.store import Lease, LeaseLost, Worker
from stts.jobs.values import Batch, BatchItem, ItemEnd, ItemResult, Reason
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.batch_work import WorkOnBatches
from stts.storage.database.stores import Stores

ROOT = "root-1"
RESULT = ItemResult(".wav", "audio/wav", 1000, 1.5, "tone", "low", "en", ("slower",))
BROKEN = Reason("engine_error", "It broke.")


def lease(holder: str = "a", until: float = 100.0) -> Lease:
    return Lease(holder, until)


def items(count: int, first: int = 0) -> list[BatchItem]:
    return [
        BatchItem(number=number, digest=f"{number:064x}", size=10, request={"text": f"Text {number}, naïve."})
        for number in range(first, first + count)
    ]


async def begun(
    stores: Stores, id: str = "job-1", count: int = 3, owner: str | None = "anna", at: float = 1.0, key: str = "k"
) -> Batch:
    await stores.batches.draft(Batch(id=id, kind="speech", owner=owner, key_id=key, root=ROOT, created_at=at))
    await stores.batches.add(id, items(count))
    return await stores.batches.begin(id, total=count, size=count * 10, most=5)


def done(numbers: Sequence[int]) -> list[ItemEnd]:
    return [ItemEnd(items(1, number)[0], RESULT) for number in numbers]


def failed(numbers: Sequence[int]) -> list[ItemEnd]:
    return [ItemEnd(items(1, number)[0], error=BROKEN) for number in numbers]


async def test_nobody_sees_a_plan_before_it_is_whole(stores: Stores) -> None:
    await stores.batches.draft(Batch(id="job-1", kind="speech", owner="anna", root=ROOT, created_at=1.0))
    await stores.batches.add("job-1", items(3))
    assert await stores.batches.find("job-1") is None
    assert await stores.batches.page(owner="anna", every=True, most=10) == []
    assert await stores.batch_work.claim(ROOT, lease(), now=5.0, most=10) == []
    assert await stores.batches.known(["job-1", "job-2"]) == {"job-1"}
    batch = await stores.batches.begin("job-1", total=3, size=30, most=5)
    assert (batch.state, batch.total, batch.size, batch.waiting) == ("running", 3, 30, 3)
    assert await stores.batches.find("job-1") == batch


async def test_items_are_told_by_number_in_parts(stores: Stores) -> None:
    await begun(stores, count=25)
    first = await stores.batches.items("job-1", after=-1, most=20)
    rest = await stores.batches.items("job-1", after=first[-1].number, most=20)
    assert first + rest == items(25)
    without = await stores.batches.items("job-1", after=-1, most=30, with_requests=False)
    assert without == [replace(item, request=None) for item in items(25)]


async def test_one_server_works_on_a_batch(stores: Stores, address: DatabaseAddress) -> None:
    for number in range(4):
        await begun(stores, f"job-{number}", at=float(number))
    other = Stores.over(address)
    both = await asyncio.gather(
        stores.batch_work.claim(ROOT, lease("a"), now=5.0, most=10),
        other.batch_work.claim(ROOT, lease("b"), now=5.0, most=10),
    )
    assert sorted(batch.id for found in both for batch in found) == [f"job-{number}" for number in range(4)]
    assert await other.batch_work.claim("another root", lease("c"), now=500.0, most=10) == []
    await other.database.close()


async def test_whoever_lost_its_lease_writes_nothing(stores: Stores) -> None:
    await begun(stores)
    await stores.batch_work.claim(ROOT, lease("a", until=50.0), now=1.0, most=1)
    assert await stores.batch_work.claim(ROOT, lease("b"), now=49.0, most=1) == []
    [taken] = await stores.batch_work.claim(ROOT, lease("b"), now=51.0, most=1)
    with pytest.raises(LeaseLost):
        await stores.batch_work.record("job-1", lease("a"), done([0]), now=52.0, pace=None, keeps_texts=True)
    with pytest.raises(LeaseLost):
        await stores.batch_work.renew("job-1", lease("a"))
    assert await stores.batches.find("job-1") == taken
    await stores.batch_work.release("b")
    assert len(await stores.batch_work.claim(ROOT, lease("c"), now=53.0, most=1)) == 1


async def test_ends_of_items_count_once_and_end_the_batch(stores: Stores) -> None:
    await begun(stores)
    await stores.batch_work.claim(ROOT, lease(), now=1.0, most=1)
    record = stores.batch_work.record
    first = await record("job-1", lease(), done([0]), now=2.0, pace=4.0, keeps_texts=False)
    assert (first.state, first.done, first.size_ended, first.seconds, first.pace) == ("running", 1, 10, 1.5, 4.0)
    again = await record("job-1", lease(), done([0, 1]) + failed([0]), now=3.0, pace=4.0, keeps_texts=True)
    assert (again.done, again.failed, again.size_ended) == (2, 0, 20)
    last = await record("job-1", lease(), failed([2]), now=4.0, pace=4.0, keeps_texts=False)
    assert (last.state, last.done, last.failed, last.ended_at) == ("done", 2, 1, 4.0)
    told = await stores.batches.items("job-1", after=-1, most=10)
    assert [(each.state, each.request is None, each.error, each.result) for each in told] == [
        ("done", True, None, RESULT),
        ("done", False, None, RESULT),
        ("failed", False, BROKEN, None),
    ]


async def test_changes_are_told_after_a_number(stores: Stores) -> None:
    begun_at = (await begun(stores, count=6)).sequence
    await stores.batch_work.claim(ROOT, lease(), now=1.0, most=1)
    for numbers in ([4, 1], [0]):
        batch = await stores.batch_work.record("job-1", lease(), done(numbers), now=2.0, pace=None, keeps_texts=True)
    changes = await stores.batches.changes("job-1", after=begun_at, to=batch.sequence, most=10)
    assert [(each.number, each.request, each.state) for each in changes] == [
        (number, None, "done") for number in (4, 1, 0)
    ]
    resumed = await stores.batches.changes("job-1", after=changes[0].sequence, to=batch.sequence, most=1)
    assert [each.number for each in resumed] == [1]


async def test_what_failed_is_tried_again(stores: Stores) -> None:
    await begun(stores)
    await stores.batch_work.claim(ROOT, lease(), now=1.0, most=1)
    ended = await stores.batch_work.record("job-1", lease(), failed([0, 1, 2]), now=2.0, pace=None, keeps_texts=False)
    assert ended.state == "failed" and ended.reason is not None and ended.reason.code == BROKEN.code
    again = await stores.batches.command("job-1", "retry", now=3.0, by=Worker("k2", "key:k2"))
    assert (again.state, again.failed, again.size_ended, again.ended_at, again.key_id, again.reason) == (
        "running", 0, 0, None, "k2", None
    )  # fmt: skip
    waiting = await stores.batches.items("job-1", after=-1, most=10, state="waiting")
    assert [each.request for each in waiting] == [each.request for each in items(3)]
    assert {each.error for each in waiting} == {None}


async def test_a_cancelled_batch_forgets_its_words_and_is_not_worked_on(stores: Stores) -> None:
    await begun(stores)
    await stores.batch_work.claim(ROOT, lease(), now=1.0, most=1)
    await stores.batch_work.record("job-1", lease(), failed([1]), now=2.0, pace=None, keeps_texts=False)
    cancelled = await stores.batches.command("job-1", "cancel", now=2.0)
    assert (cancelled.state, cancelled.ended_at, cancelled.waiting) == ("cancelled", 2.0, 2)
    assert {each.request for each in await stores.batches.items("job-1", after=-1, most=10)} == {None}
    with pytest.raises(LeaseLost):
        await stores.batch_work.record("job-1", lease(), done([0]), now=3.0, pace=None, keeps_texts=False)
    assert await stores.batch_work.claim(ROOT, lease("b"), now=500.0, most=1) == []
    with pytest.raises(Conflict):
        await stores.batches.command("job-1", "retry", now=3.0)
    with pytest.raises(NotFound):
        await stores.batches.command("job-9", "cancel", now=3.0)


async def test_a_batch_that_rests_is_taken_again_when_its_time_has_come(stores: Stores) -> None:
    await begun(stores)
    await stores.batch_work.claim(ROOT, lease(), now=1.0, most=1)
    await stores.batch_work.rest("job-1", "a", Reason("quota_exceeded", "Used up."), 60.0, now=3.0)
    resting = await stores.batches.find("job-1")
    assert resting is not None and resting.reason == Reason("quota_exceeded", "Used up.")
    assert (resting.state, resting.resume_at) == ("paused", 60.0)
    assert await stores.batch_work.claim(ROOT, lease(), now=59.0, most=1) == []
    [woken] = await stores.batch_work.claim(ROOT, lease(), now=61.0, most=1)
    assert (woken.state, woken.reason, woken.resume_at) == ("running", None, None)
    await stores.batch_work.rest("job-1", "a", Reason("quota_exceeded", "Used up."), 60.0, now=3.0)
    paused = await stores.batches.command("job-1", "pause", now=62.0)
    assert (paused.state, paused.resume_at) == ("paused", None)
    assert await stores.batch_work.claim(ROOT, lease(), now=90.0, most=1) == []


async def test_a_key_has_so_many_batches_that_have_not_ended(stores: Stores) -> None:
    for number in range(5):
        await begun(stores, f"job-{number}")
    with pytest.raises(TooManyRequests, match="5 jobs"):
        await begun(stores, "job-5")
    await begun(stores, "job-6", key="another")
    await stores.batches.command("job-0", "cancel", now=2.0)
    await begun(stores, "job-7")


async def test_drafts_count_before_anything_is_sent(stores: Stores) -> None:
    await begun(stores, "job-1")
    await stores.batches.draft(Batch(id="job-2", kind="speech", owner="anna", key_id="k", root=ROOT, created_at=1.0))
    await stores.batches.require_place("k", most=3)
    with pytest.raises(TooManyRequests, match="2 jobs"):
        await stores.batches.require_place("k", most=2)
    await stores.batches.require_place("another", most=1)
    await stores.batches.require_place(None, most=1)
    await stores.batches.command("job-1", "cancel", now=2.0)
    await stores.batches.require_place("k", most=2)


async def test_two_servers_begin_no_more_than_a_key_may_have(stores: Stores, address: DatabaseAddress) -> None:
    other = Stores.over(address)
    for number in range(8):
        id = f"job-{number}"
        await stores.batches.draft(Batch(id=id, kind="speech", owner="anna", key_id="k", root=ROOT, created_at=1.0))
        await stores.batches.add(id, items(1))
    begins = [
        each.batches.begin(f"job-{number}", total=1, size=10, most=3) for number, each in enumerate([stores, other] * 4)
    ]
    ends = await asyncio.gather(*begins, return_exceptions=True)
    await other.database.close()
    assert sorted(type(end).__name__ for end in ends) == ["Batch"] * 3 + ["TooManyRequests"] * 5


async def test_texts_of_a_key_are_bound_over_all_its_batches(stores: Stores) -> None:
    for number, key in enumerate(["k", "k", "another"]):
        id = f"job-{number}"
        await stores.batches.draft(Batch(id=id, kind="speech", owner="anna", key_id=key, root=ROOT, created_at=1.0))
        await stores.batches.add(id, items(3), most_characters=60)
    with pytest.raises(TooManyRequests, match=r"60 characters.*jobs\.characters"):
        await stores.batches.add("job-0", items(1, 3), most_characters=60)
    assert len(await stores.batches.items("job-0", after=-1, most=10)) == 3, "nothing of it is written"
    await stores.batches.remove("job-1")
    await stores.batches.add("job-0", items(1, 3), most_characters=60)


async def test_results_of_the_same_content_are_found_with_the_same_owner(stores: Stores) -> None:
    await begun(stores)
    await stores.batch_work.claim(ROOT, lease(), now=1.0, most=1)
    await stores.batch_work.record("job-1", lease(), done([1]) + failed([2]), now=2.0, pace=None, keeps_texts=False)
    digests = [each.digest for each in items(3)]
    found = await stores.batch_work.results("anna", ROOT, digests)
    assert {digest: (each.batch_id, each.result) for digest, each in found.items()} == {digests[1]: ("job-1", RESULT)}
    assert await stores.batch_work.results("berta", ROOT, digests) == {}
    assert await stores.batch_work.results(None, ROOT, digests) == {}
    assert await stores.batch_work.results("anna", "another", digests) == {}


async def test_batches_of_a_user_are_removed_and_old_ones_too(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stts.storage.database.batches.REMOVED_AT_ONCE", 2)
    await begun(stores, "job-1", count=5)
    await begun(stores, "job-2", owner="berta")
    await stores.batches.draft(Batch(id="job-3", kind="speech", owner=None, root=ROOT, created_at=1.0))
    assert await stores.batches.remove_all("anna", begun_before=0.5) == []
    assert await stores.batches.remove_all("anna") == ["job-1"]
    assert await stores.batches.items("job-1", after=-1, most=10) == []
    await stores.batches.command("job-2", "cancel", now=10.0)
    assert await stores.batches.remove_old(ended_before=5.0, paused_before=0.0, drafts_before=0.0) == []
    assert await stores.batches.remove_old(ended_before=11.0, paused_before=0.0, drafts_before=2.0) == [
        "job-2",
        "job-3",
    ]
    assert await stores.batches.known(["job-1", "job-2", "job-3"]) == set()


async def test_what_rests_for_long_is_removed_and_what_was_resumed_is_not(stores: Stores) -> None:
    for number in (1, 2, 3):
        await begun(stores, f"job-{number}")
        await stores.batches.command(f"job-{number}", "pause", now=10.0)
    await stores.batches.command("job-1", "pause", now=50.0)
    await stores.batches.command("job-2", "resume", now=20.0)
    await stores.batches.command("job-3", "resume", now=20.0)
    await stores.batch_work.claim(ROOT, lease(), now=30.0, most=9)
    await stores.batch_work.rest("job-3", "a", Reason("quota_exceeded", "Used up."), 60.0, now=40.0)

    async def removed(paused_before: float) -> list[str]:
        return await stores.batches.remove_old(ended_before=0.0, paused_before=paused_before, drafts_before=0.0)

    assert await removed(10.0) == []
    assert await removed(11.0) == ["job-1"], "it rests since it was told the first time"
    await stores.batch_work.claim(ROOT, lease(), now=61.0, most=9)
    assert await removed(1000.0) == [], "it went on by itself"


async def test_everybody_sees_their_own_and_administrators_all(stores: Stores) -> None:
    for number, owner in enumerate(["anna", "berta", None]):
        await begun(stores, f"job-{number}", owner=owner, at=float(number))
    page = stores.batches.page
    assert [each.id for each in await page(owner=None, every=True, most=2)] == ["job-2", "job-1"]
    assert [each.id for each in await page(owner=None, every=True, most=2, before=2.0)] == ["job-1", "job-0"]
    assert [each.id for each in await page(owner="anna", every=False, most=9)] == ["job-0"]
    assert [each.id for each in await page(owner=None, every=False, most=9)] == ["job-2"]


async def test_reasons_are_kept_whatever_an_engine_says(stores: Stores) -> None:
    await begun(stores)
    await stores.batch_work.claim(ROOT, lease(), now=1.0, most=1)
    said = ItemEnd(items(1)[0], error=Reason("engine_error", "nul \x00, half \ud83d, naïve 👋\n" + "x" * 9000))
    await stores.batch_work.record("job-1", lease(), [said], now=2.0, pace=None, keeps_texts=False)
    [kept] = await stores.batches.items("job-1", after=-1, most=10, state="failed")
    assert kept.error is not None and kept.error.message.startswith("nul  , half  , naïve 👋\nxxx")
    assert len(kept.error.message) == 2000
    await stores.batch_work.rest("job-1", "a", said.error or BROKEN, None, now=3.0)
    resting = await stores.batches.find("job-1")
    assert resting is not None and resting.reason == kept.error


async def test_a_batch_works_for_whom_it_did_unless_another_takes_it(stores: Stores) -> None:
    await begun(stores)
    for by, key in ((None, "k"), (Worker("k2", "key:k2"), "k2"), (Worker(None, "api_key"), None)):
        await stores.batches.command("job-1", "pause", now=2.0)
        assert (await stores.batches.command("job-1", "resume", now=3.0, by=by)).key_id == key


async def test_of_many_results_of_the_same_content_the_newest_is_found(stores: Stores) -> None:
    for number in range(3):
        await begun(stores, f"job-{number}", at=float(number))
        await stores.batch_work.claim(ROOT, lease(), now=5.0, most=1)
        end = ItemEnd(items(1)[0], replace(RESULT, key=f"key {number}"))
        await stores.batch_work.record(f"job-{number}", lease(), [end], now=6.0, pace=None, keeps_texts=False)
    [digest] = [each.digest for each in items(1)]
    found = (await stores.batch_work.results("anna", ROOT, [digest]))[digest]
    assert (found.batch_id, found.result.key) == ("job-2", "key 2")


async def test_a_lease_that_no_right_clock_gives_counts_for_nothing(stores: Stores) -> None:
    await begun(stores)
    await stores.batch_work.claim(ROOT, lease("a", until=5015.0), now=5000.0, most=1)
    assert await stores.batch_work.claim(ROOT, lease("b", until=5005.0), now=4990.0, most=1) == []
    assert len(await stores.batch_work.claim(ROOT, lease("b", until=1015.0), now=1000.0, most=1)) == 1
    with pytest.raises(LeaseLost):
        await stores.batch_work.record("job-1", lease("a"), done([0]), now=5001.0, pace=None, keeps_texts=True)


async def test_a_batch_that_gave_way_goes_behind_those_that_wait(stores: Stores) -> None:
    for number in range(2):
        await begun(stores, f"job-{number}", at=float(number))
    work = stores.batch_work
    assert [each.id for each in await work.claim(ROOT, lease(), now=5.0, most=1)] == ["job-0"]
    assert await work.waits(ROOT, lease(), now=6.0)
    with pytest.raises(LeaseLost):
        await work.give_way("job-0", "b", now=6.0)
    await work.give_way("job-0", "a", now=6.0)
    assert [each.id for each in await work.claim(ROOT, lease(), now=7.0, most=1)] == ["job-1"]
    assert [each.id for each in await work.claim(ROOT, lease(), now=7.0, most=1)] == ["job-0"]
    assert not await work.waits(ROOT, lease(), now=8.0)


async def test_servers_whose_clocks_differ_leave_each_other_their_leases(stores: Stores) -> None:
    await begun(stores)
    assert len(await stores.batch_work.claim(ROOT, lease("a", time.time() + 60), now=time.time(), most=1)) == 1
    now = time.time() + 70
    ahead = WorkOnBatches(stores.database, clock=lambda: time.time() + 70)
    # Servers of one embedded database are on one machine, and have one clock.
    taken = 1 if stores.database.address.is_embedded else 0
    assert len(await ahead.claim(ROOT, lease("b", now + 60), now=now, most=1)) == taken
