from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.errors import StorageFull
from stts.storage.files.quota import MEASURE_SECONDS, Account, Entry, older, oldest

ENTRIES = st.lists(st.builds(Entry, st.just(Path("x")), st.integers(0, 1000), st.integers(0, 10**18)), max_size=20)


def message(whose: str, quota: int) -> str:
    return f"{whose} {quota}"


@given(ENTRIES, st.integers(-10, 10_000))
def test_no_more_of_the_oldest_than_needed(entries: list[Entry], needed: int) -> None:
    chosen = oldest(entries, needed)
    freed = sum(entry.size for entry in chosen)
    assert freed >= needed or len(chosen) == len(entries)
    if chosen:
        assert freed - chosen[-1].size < needed
        left = sorted(entry.modified_ns for entry in entries)[len(chosen) :]
        assert all(chosen[-1].modified_ns <= moment for moment in left)


def test_older_than_a_moment() -> None:
    entries = [Entry(Path(str(second)), 1, second * 10**9) for second in (1, 2, 3)]
    assert [entry.path.name for entry in older(entries, 2.5)] == ["1", "2"]


def test_bytes_being_written_count_until_they_are_settled() -> None:
    account = Account[str](lambda kind: 10, message)
    account.reserve("uploads", 80, 100, lambda size: 0)
    with pytest.raises(StorageFull):
        account.reserve("uploads", 11, 100, lambda size: 0)
    account.book("uploads", 80, kept=False)
    account.reserve("uploads", 90, 100, lambda size: 0)
    account.book("uploads", 90, kept=True)
    account.removed("uploads")
    account.reserve("uploads", 50, 100, lambda size: 0)


def test_room_is_made_once_with_headroom() -> None:
    asked: list[int] = []

    def make_room(size: int) -> int:
        asked.append(size)
        return size

    account = Account[str](lambda kind: 1000, message)
    for _ in range(10):
        account.reserve("outputs", 1, 1000, make_room)
    assert asked == [11]


def test_a_bound_that_comes_while_files_are_written_counts_them() -> None:
    measured: list[int] = [30, 70]
    account = Account[str](lambda user: measured.pop(0), message)
    account.reserve("anna", 40, None)
    account.reserve("anna", 20, None)
    account.book("anna", 20, kept=True)
    assert len(measured) == 2, "nothing is measured where there is no bound"
    account.reserve("anna", 30, 100)
    account.book("anna", 40, kept=True)
    with pytest.raises(StorageFull, match="anna 100"):
        account.reserve("anna", 1, 100)


def test_files_that_were_measured_as_gone_are_not_subtracted_again() -> None:
    disk = [100]
    account = Account[str](lambda user: disk[0], message)
    with pytest.raises(StorageFull):
        account.reserve("anna", 1, 100)
    disk[0] = 60
    account.measure("anna")
    account.removed("anna")
    with pytest.raises(StorageFull):
        account.reserve("anna", 50, 100)
    account.reserve("anna", 40, 100)


def test_one_whose_room_is_used_up_is_measured_now_and_then() -> None:
    measured: list[str] = []
    now = [0.0]

    def stored(user: str) -> int:
        measured.append(user)
        return 100

    account = Account[str](stored, message, lambda: now[0])
    for _ in range(10):
        with pytest.raises(StorageFull):
            account.reserve("anna", 1, 100)
    assert len(measured) == 2, "at first, and to be sure"
    with pytest.raises(StorageFull):
        account.reserve("bert", 1, 100)
    now[0] = MEASURE_SECONDS
    with pytest.raises(StorageFull):
        account.reserve("anna", 1, 100)
    assert measured == ["anna", "anna", "bert", "bert", "anna"]
