"""Mixed load, and keys that come and go: each program in its short form, against servers of its own."""

from __future__ import annotations

import pytest

from benchmarks.result import table
from load import churn, soak
from tests.load.checked import check

pytestmark = pytest.mark.socket


def test_mixed_load_is_answered() -> None:
    rows = soak.run(0.25)
    check(rows)
    judged = [row.what for row in rows if row.met]
    assert judged[0].startswith("memory") and any(what.startswith("p99") for what in judged), table(rows)


def test_keys_made_and_revoked_disturb_nobody() -> None:
    check(churn.run(8))
