"""The PostgreSQL of tests, by the names that they know; tests that need it are skipped where there is none."""

from __future__ import annotations

import os

import pytest

from benchmarks.postgres import PostgreSQL as PostgreSQL
from benchmarks.postgres import program
from benchmarks.postgres import running_postgres as running_postgres


def require_postgres() -> None:
    """Skips the test where PostgreSQL is not installed."""
    if program("initdb") is None:
        assert not os.environ.get("STTS_REQUIRE_POSTGRES"), "PostgreSQL is not installed: make postgresql"
        pytest.skip("PostgreSQL is not installed")
