"""Jobs of many items, which survive the server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("batches", *_batch_columns(), sa.PrimaryKeyConstraint("id", name="pk_batches"))
    op.create_index("ix_batches_owner", "batches", ["owner"])
    op.create_index("ix_batches_state_created_at", "batches", ["state", "created_at"])
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(200)),
        sa.Column("chapter", sa.Integer),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request", sa.JSON(none_as_null=True)),
        sa.Column("error_code", sa.String(100)),
        sa.Column("error", sa.Text),
        sa.Column("result", sa.JSON(none_as_null=True)),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_items"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_batch_items_batch_id"),
    )
    op.create_index("ix_batch_items_digest", "batch_items", ["digest"])
    op.create_index("ix_batch_items_batch_id_state_number", "batch_items", ["batch_id", "state", "number"])
    op.create_index("ix_batch_items_batch_id_sequence", "batch_items", ["batch_id", "sequence"])


def _batch_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("owner", sa.String(32)),
        sa.Column("key_id", sa.String(32)),
        sa.Column("caller", sa.String(200), nullable=False),
        sa.Column("root", sa.String(32), nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("reason_code", sa.String(100)),
        sa.Column("reason", sa.Text),
        sa.Column("resume_at", sa.Double),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("size_ended", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("pace", sa.Double),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(32)),
        sa.Column("lease_until", sa.Double),
    ]
