"""The clock and the disk of a server: each program in its short form, against servers of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from load import clock, disk
from load.desk import Missing
from load.disk import fill, small_disk
from tests.load.checked import check

pytestmark = [pytest.mark.socket, pytest.mark.long]


def test_a_clock_that_is_set_back_gives_nothing_twice() -> None:
    check(clock.run(3600))


@pytest.fixture
def one_disk() -> Path:
    """Skips where nobody may mount one."""
    try:
        with small_disk(1) as folder:
            fill(folder)
            assert (folder / "ballast").stat().st_size >= 1_000_000
    except Missing as error:
        pytest.skip(str(error))
    return folder


def test_a_disk_that_fills_up_stops_nobody_who_speaks(one_disk: Path) -> None:
    assert not one_disk.exists()
    check(disk.run(16))
