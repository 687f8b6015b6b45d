"""Keys whose speech keeps out of the cache. Those from before use it as they did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_keys", sa.Column("cache", sa.Boolean, nullable=False, server_default=sa.true()))
