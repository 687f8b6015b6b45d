"""Writes how items have ended, so that one which cannot be written keeps no other from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from stts.errors import DatabaseAway, STTSError
from stts.jobs.store import LeaseLost
from stts.jobs.values import ItemEnd, Reason
from stts.tracebacks import describe

NOT_WRITTEN = Reason(STTSError.code, "How it ended could not be written, for a reason that the log tells.")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


async def write_ends(write: Callable[[list[ItemEnd]], Awaitable[None]], job_id: str, ends: list[ItemEnd]) -> None:
    """Writes all together; where that is refused one by one, and what is refused alone as failed.

    It would else be spoken, and charged, again and again. Raises DatabaseAway and LeaseLost, and what the database says
    where it refuses everything; all may be written again then, each counts once.
    """
    if not ends:
        # It still renews the lease.
        await write(ends)
    elif await _is_written(write, job_id, ends):
        return
    for end in ends:
        if not await _is_written(write, job_id, [end]):
            await write([ItemEnd(end.item, error=NOT_WRITTEN)])


async def _is_written(write: Callable[[list[ItemEnd]], Awaitable[None]], job_id: str, ends: list[ItemEnd]) -> bool:
    try:
        await write(ends)
    except (DatabaseAway, LeaseLost):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a database refuses, the others are written
        log.error("job_items_not_written", job=job_id, items=len(ends), traceback=describe(error, with_messages=False))
        return False
    return True
