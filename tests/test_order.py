from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis.internal.conjecture import providers

from tests.order import in_order

NAMES = ("wait1", "few", "many", "wait2", "many", "wait1")


class Stub(pytest.Item):
    """A test that is never run."""

    def runtest(self) -> None:
        raise NotImplementedError


@pytest.fixture
def made(request: pytest.FixtureRequest) -> list[pytest.Item]:
    """Tests of four files, by turns: of two that wait, and of two that compute, one of which has more."""
    items: list[pytest.Item] = [Stub.from_parent(request.session, name=name) for name in NAMES]
    for item in items:
        item.path = Path(item.name)
        if item.name.startswith("wait"):
            item.add_marker("long")
    return items


def test_those_that_wait_are_begun_early_each_beside_one_that_computes(made: list[pytest.Item]) -> None:
    assert [item.name for item in in_order(made)] == ["wait1", "wait1", "many", "many", "wait2", "few"]
    assert in_order([]) == []


def test_what_is_drawn_does_not_depend_on_what_was_imported_before(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--hypothesis-profile") == "exploring":
        pytest.skip("which draws more")
    assert len(providers._get_local_constants()) == 0
