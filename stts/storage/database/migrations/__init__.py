"""Migrations (Alembic): how the tables came to be. `HEAD` is the newest; most starts compare it and import no Alembic."""

from __future__ import annotations

HEAD = "0001"
