"""Migrations (Alembic): how the tables came to be. Most starts compare `HEAD`, the newest, and import no Alembic."""

from __future__ import annotations

HEAD = "0012"
