"""Usage by the listener that it came by: part of the key of a row. What was there before belongs to none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = ["day", "key_id", "engine", "voice", "language", "kind", "listener"]
NONE = "none"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
        return
    op.add_column("usage", sa.Column("listener", sa.String(64), nullable=False, server_default=NONE))
    op.alter_column("usage", "listener", server_default=None)
    op.drop_constraint("pk_usage", "usage", type_="primary")
    op.create_primary_key("pk_usage", "usage", KEY)


def _make_anew() -> None:
    """SQLite changes no key of a table that is there."""
    op.create_table(
        "usage_by_listener",
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("engine", sa.String(200), nullable=False),
        sa.Column("voice", sa.String(200), nullable=False),
        sa.Column("language", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("listener", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        *_measures(),
        sa.PrimaryKeyConstraint(*KEY, name="pk_usage"),
    )
    columns = ", ".join(
        (
            *("day", "key_id", "engine", "voice", "language", "kind", "user_id"),
            *(column.name for column in _measures()),
        )
    )
    op.execute(f"INSERT INTO usage_by_listener ({columns}, listener) SELECT {columns}, '{NONE}' FROM usage")
    op.drop_table("usage")
    op.rename_table("usage_by_listener", "usage")
    op.create_index("ix_usage_key_id_day", "usage", ["key_id", "day"])
    op.create_index("ix_usage_user_id_day", "usage", ["user_id", "day"])


def _measures() -> list[sa.Column[int] | sa.Column[float]]:
    return [
        sa.Column("operations", sa.BigInteger, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("characters", sa.BigInteger, nullable=False),
        sa.Column("seconds_in", sa.Double, nullable=False),
        sa.Column("seconds_out", sa.Double, nullable=False),
        sa.Column("cache_hits", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    ]
