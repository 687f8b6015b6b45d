"""The tables, as the repositories see them. Migrations say how they came to be; a test holds the two together.

Times are seconds since 1970 (UTC), so that both databases keep the same value.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    true,
)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name, by which later migrations find it."""

LONGEST_ID = 32
LONGEST_NAME = 200
"""Characters of an engine, voice or language in rows of usage."""
LONGEST_KIND = 16
LONGEST_LISTENER = 64

metadata = MetaData(naming_convention=NAMES)

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("deleted_at", Double),
)

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", String(32), ForeignKey("users.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("priority", String(16), nullable=False),
    Column("secret_hash", LargeBinary(32), nullable=False),
    Column("previous_hash", LargeBinary(32)),
    Column("previous_until", Double),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
    Column("allowed_addresses", JSON, nullable=False),
    Column("allowed_engines", JSON, nullable=False),
    Column("allowed_voices", JSON, nullable=False),
    # With a default: servers that do not know it go on adding keys while others are updated.
    Column("cache", Boolean, nullable=False, server_default=true()),
    Column("limits", JSON, nullable=False),
    # Limits of each of its subjects; NULL: it may name none.
    Column("subjects", JSON(none_as_null=True)),
    # Subjects with limits of their own, by name; NULL: there are none.
    Column("subject_limits", JSON(none_as_null=True)),
    Column("version", Integer, nullable=False),
    # Of the change that touched it last, so that other servers find what is new.
    Column("revision", BigInteger, nullable=False, index=True),
)

data_removals = Table(
    "data_removals",
    metadata,
    # The newest of each user.
    Column("user_id", String(32), ForeignKey("users.id"), primary_key=True),
    Column("removed_at", Double, nullable=False),
    # As that of a key.
    Column("revision", BigInteger, nullable=False, index=True),
)

access_revision = Table(
    "access_revision",
    metadata,
    # One row, locked by each change: revisions become visible in their order.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)

quota_counters = Table(
    "quota_counters",
    metadata,
    Column("subject", String(100), primary_key=True),
    Column("unit", String(20), primary_key=True),
    # A day or a month of UTC.
    Column("period_window", String(10), primary_key=True),
    Column("used", Double, nullable=False),
)


def _measures() -> list[Column[int] | Column[float]]:
    return [
        Column("operations", BigInteger, nullable=False),
        Column("errors", BigInteger, nullable=False),
        Column("cancelled", BigInteger, nullable=False),
        Column("characters", BigInteger, nullable=False),
        Column("seconds_in", Double, nullable=False),
        Column("seconds_out", Double, nullable=False),
        Column("cache_hits", BigInteger, nullable=False),
        Column("bytes", BigInteger, nullable=False),
    ]


usage = Table(
    "usage",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    # Empty for callers without a key of their own; no foreign key, because usage outlives keys.
    Column("key_id", String(LONGEST_ID), primary_key=True),
    Column("engine", String(LONGEST_NAME), primary_key=True),
    Column("voice", String(LONGEST_NAME), primary_key=True),
    Column("language", String(LONGEST_NAME), primary_key=True),
    Column("kind", String(LONGEST_KIND), primary_key=True),
    Column("listener", String(LONGEST_LISTENER), primary_key=True),
    Column("user_id", String(LONGEST_ID), nullable=False),
    *_measures(),
    Index(None, "key_id", "day"),
    Index(None, "user_id", "day"),
)

usage_hours = Table(
    "usage_hours",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(LONGEST_KIND), primary_key=True),
    *_measures(),
)

# Beside the sums of all: servers that know nothing of listeners go on writing those alone.
usage_listener_hours = Table(
    "usage_listener_hours",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(LONGEST_KIND), primary_key=True),
    Column("listener", String(LONGEST_LISTENER), primary_key=True),
    *_measures(),
)

usage_batches = Table(
    "usage_batches",
    metadata,
    # The last batch of each writer: one whose answer was lost on the way is not added again.
    Column("writer", String(LONGEST_ID), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    # Of the event, by which one that is written twice is known.
    Column("id", String(32), nullable=False, unique=True),
    Column("at", Double, nullable=False, index=True),
    Column("actor", String(200), nullable=False, index=True),
    Column("action", String(50), nullable=False, index=True),
    Column("target", String(200), nullable=False, index=True),
    # JSON; as text, so that it comes back as it was hashed.
    Column("details", Text, nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

audit_chain = Table(
    "audit_chain",
    metadata,
    # One row, locked by each change: two servers never append to the same entry.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    # The last entry that retention removed, which the first one that is kept follows.
    Column("removed_sequence", BigInteger, nullable=False),
    Column("removed_hash", LargeBinary(32), nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    # No foreign keys: what a user has is removed when that is asked for, and a key may go before.
    Column("owner", String(32), index=True),
    Column("key_id", String(32)),
    Column("caller", String(200), nullable=False),
    Column("root", String(32), nullable=False),
    Column("options", JSON, nullable=False),
    Column("reason_code", String(100)),
    Column("reason", Text),
    Column("resume_at", Double),
    Column("created_at", Double, nullable=False),
    Column("paused_at", Double),
    Column("ended_at", Double),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("size_ended", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("pace", Double),
    Column("sequence", BigInteger, nullable=False),
    # The server that works on it, and until when nobody else may.
    Column("holder", String(32)),
    Column("lease_until", Double),
    Index(None, "state", "created_at"),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", String(32), ForeignKey("batches.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("name", String(200)),
    Column("chapter", Integer),
    Column("state", String(16), nullable=False),
    Column("request", JSON(none_as_null=True)),
    Column("error_code", String(100)),
    Column("error", Text),
    Column("result", JSON(none_as_null=True)),
    Column("sequence", BigInteger, nullable=False),
    Index(None, "batch_id", "state", "number"),
    Index(None, "batch_id", "sequence"),
)
