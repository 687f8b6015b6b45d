"""Mixed load, and keys that come and go: each program in its short form, against servers of its own."""

from __future__ import annotations

import pytest

from benchmarks.result import table
from load import churn, soak
from tests.load.checked import check

pytestmark = [pytest.mark.socket, pytest.mark.long]


def test_mixed_load_is_answered() -> None:
    rows = soak.run(0.25)
    check(rows)
    assert rows[0].what.startswith("memory") and any(row.what.startswith("p99") for row in rows), table(rows)


def test_keys_made_and_revoked_disturb_nobody() -> None:
    check(churn.run(8))
