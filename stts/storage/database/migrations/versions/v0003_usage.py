"""Usage in days and hours, and which batch of each writer was added last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("engine", sa.String(200), nullable=False),
        sa.Column("voice", sa.String(200), nullable=False),
        sa.Column("language", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        *_measures(),
        sa.PrimaryKeyConstraint("day", "key_id", "engine", "voice", "language", "kind", name="pk_usage"),
    )
    op.create_index("ix_usage_key_id_day", "usage", ["key_id", "day"])
    op.create_index("ix_usage_user_id_day", "usage", ["user_id", "day"])
    op.create_table(
        "usage_hours",
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        *_measures(),
        sa.PrimaryKeyConstraint("hour", "kind", name="pk_usage_hours"),
    )
    op.create_table(
        "usage_batches",
        sa.Column("writer", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("writer", name="pk_usage_batches"),
    )


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
