"""Entries of the audit trail for what an operator does at the terminal."""

from __future__ import annotations

import getpass
import time
from collections.abc import Mapping
from typing import Any

import typer

from commands.configured import settings
from stts.access.audit import COMMAND, Action, AuditEvent
from stts.errors import DatabaseAway
from stts.storage.database.stores import Stores


async def record(
    config: str | None, stores: Stores, action: Action, target: str, details: Mapping[str, Any] | None = None
) -> None:
    """Writes an entry for what was done, unless `audit.enabled` is false.

    What was done stays so where the entry cannot be written: a warning says that on standard error.
    """
    if settings(config).audit.enabled is False:
        return
    told = {**(details or {}), "user": _user()}
    event = AuditEvent(at=time.time(), actor=COMMAND, action=action, target=target, details=told)
    try:
        await stores.audit.append([event])
    except DatabaseAway as error:
        typer.echo(f"This is not in the audit trail: {error.message}", err=True)


def _user() -> str | None:
    """The account of whoever runs the command; None where the system does not tell."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return None
