"""Keys that name on whose behalf they ask, and what each of those may. Keys from before name nobody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_keys", sa.Column("subjects", sa.JSON))
