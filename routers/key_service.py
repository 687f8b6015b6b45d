"""The keys while the server runs: the first one is made, changes by other servers are followed."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import structlog

from routers.services import Services
from stts.access.administration import FirstKey
from stts.access.audit import SERVER, Action
from stts.access.audit_details import key_details
from stts.access.directory import FOLLOW_SECONDS, KeyDirectory
from stts.access.key_text import KeyText
from stts.analytics.usage_writer import UsageWriter
from stts.errors import DatabaseAway
from stts.garbage_collection import freeze_gc_again
from stts.storage.files.atomic import replace_file

DAY_SECONDS = 86_400.0
CLOSE_SECONDS = 5.0
"""Longest wait for the last writes at a stop."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


async def serve_keys(services: Services, directory: KeyDirectory) -> None:
    """Makes the first key where none works, then follows changes for ever."""
    if not services.settings().security.has_administrator:
        await _first_key(services)
    with suppress(DatabaseAway):
        await directory.catch_up()
        # The keys and the library of the database stay: each full collection would look at them for 30 ms.
        freeze_gc_again()
    await directory.follow()


async def serve_quotas(services: Services) -> None:
    """Writes what was used while the database was away, and once a day forgets old windows, for ever."""
    removed_at: float | None = None
    while True:
        await asyncio.sleep(FOLLOW_SECONDS)
        with suppress(DatabaseAway):
            await services.access.quotas.write()
            if services.access.stores.state == "up" and (
                removed_at is None or time.monotonic() - removed_at > DAY_SECONDS
            ):
                await services.access.quotas.remove_old()
                removed_at = time.monotonic()


async def _first_key(services: Services) -> None:
    first: FirstKey | None = None
    while True:
        try:
            administration = await services.access.administration()
            first = first or administration.issue_first()
            is_kept = await administration.keep_first(first)
        except DatabaseAway as error:
            log.warning("database_away", error=error.message)
            await asyncio.sleep(FOLLOW_SECONDS)
            continue
        if is_kept:
            issued = first.issued
            if services.access.audit is not None:
                services.access.audit.record(SERVER, Action.KEY_CREATE, issued.key.id, key_details(issued.key))
            await asyncio.to_thread(announce_first, issued.text, services.settings().security.first_key_file)
        return


def announce_first(key: KeyText, file: str | None = None) -> None:
    """Tells the person at the terminal, by the file that wants it or by itself; the log never learns of it.

    Where the file cannot be written it is told all the same: it would be lost. Blocking.
    """
    text = f"First key (admin): {key}\nIt is shown this once; `stts keys create` makes others."
    if file is not None:
        try:
            replace_file(Path(file), f"{key}\n".encode())
            text = f"First key (admin): in the file {file}"
        except OSError as error:
            log.warning("first_key_file_unwritable", file=file, error=str(error))
    with suppress(OSError):
        print(text, flush=True)  # noqa: T201


async def _write_usage(usage: UsageWriter) -> None:
    with suppress(DatabaseAway, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            while usage.waiting:
                await usage.write()
    if usage.waiting:
        log.error("usage_lost", operations=usage.waiting)


async def close_stores(services: Services) -> None:
    """Writes what waits to be written, for a bounded time."""
    with suppress(DatabaseAway, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await services.access.quotas.close()
            if services.access.directory is not None:
                await services.access.directory.close()
    if services.access.usage is not None:
        await _write_usage(services.access.usage)
    with suppress(DatabaseAway, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            if services.access.audit is not None:
                await services.access.audit.close()
    await services.access.stores.close()
