from __future__ import annotations

import os
from pathlib import Path

import pytest

from middleware.serving.workers.count import AUTO, count_of, is_possible, usable_cores


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def cores(folder: Path, own: str, files: dict[str, str]) -> int:
    """The cores of a process whose control groups are these."""
    groups = folder / "groups"
    for name, text in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(text)
    (folder / "own").write_text(own)
    return usable_cores(groups, folder / "own")


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, tmp_path / "none") == 8


@pytest.mark.parametrize(
    ("text", "count"), [("max 100000\n", 8), ("200000 100000\n", 2), ("350000 100000\n", 3), ("50000 100000\n", 1)]
)
def test_a_quota_counts_by_its_whole_cores(tmp_path: Path, text: str, count: int) -> None:
    assert cores(tmp_path, "0::/a.slice/b\n", {"a.slice/b/cpu.max": text}) == count


def test_the_smallest_quota_of_the_groups_around_counts(tmp_path: Path) -> None:
    files = {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n", "cpu.max": "600000 100000\n"}
    assert cores(tmp_path, "0::/a/b\n", files) == 3


def test_in_a_container_the_root_counts(tmp_path: Path) -> None:
    assert cores(tmp_path, "0::/docker/0123\n", {"cpu.max": "150000 100000\n"}) == 1


def test_control_groups_of_version_1_count(tmp_path: Path) -> None:
    files = {"cpu/x/cpu.cfs_quota_us": "400000\n", "cpu/x/cpu.cfs_period_us": "100000\n"}
    assert cores(tmp_path, "4:cpu,cpuacct:/x\n0::/\n", files) == 4
    assert cores(tmp_path, "4:cpu:/x\n", {"cpu/x/cpu.cfs_quota_us": "-1\n"}) == 8


def test_auto_is_as_many_as_there_are_cores() -> None:
    if not is_possible():
        pytest.skip("an address is shared on Linux alone")
    assert count_of(3) == 3
    assert count_of(AUTO) == usable_cores()


def test_elsewhere_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert count_of(4) == 1 and count_of(AUTO) == 1
