"""Usage of each hour by listener, beside that of all, which servers from before go on writing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage_listener_hours",
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("listener", sa.String(64), nullable=False),
        sa.Column("operations", sa.BigInteger, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("characters", sa.BigInteger, nullable=False),
        sa.Column("seconds_in", sa.Double, nullable=False),
        sa.Column("seconds_out", sa.Double, nullable=False),
        sa.Column("cache_hits", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hour", "kind", "listener", name="pk_usage_listener_hours"),
    )
