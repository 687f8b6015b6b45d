"""Removals of users' data, of which every server learns as it learns of revoked keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_removals",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("removed_at", sa.Double, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_data_removals"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_data_removals_user_id"),
    )
    op.create_index("ix_data_removals_revision", "data_removals", ["revision"])
