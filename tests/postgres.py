"""The PostgreSQL of tests, by the names that they know."""

from __future__ import annotations

from benchmarks.postgres import PostgreSQL as PostgreSQL
from benchmarks.postgres import program as program
from benchmarks.postgres import running_postgres as running_postgres
