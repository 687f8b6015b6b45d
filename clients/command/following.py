"""Follows a job of the server until it has ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from clients.command.connection import succeed
from clients.command.exit_status import CommandFailed
from clients.command.terminal import Progress

if TYPE_CHECKING:
    from clients.caller import Caller

ASK_SECONDS = 0.25
"""Pause between two questions about a job."""
AWAY = (0, 502, 503, 504)
"""Statuses of a server that is away: nobody answers, or a proxy before it."""
AWAY_SECONDS = 300.0
"""Longest wait for a server that is started again."""


def follow(caller: Caller, job: dict[str, Any], *, lines: bool = True) -> dict[str, Any]:
    """The job when it is done. A person who interrupts cancels it. Raises CommandFailed where it does not end well."""
    try:
        return watch(caller, job, away=0, lines=lines)
    except KeyboardInterrupt:
        caller.ask("DELETE", _path(job))
        raise


def watch(caller: Caller, job: dict[str, Any], *, away: float = AWAY_SECONDS, lines: bool = True) -> dict[str, Any]:
    """The job when it is done, whatever becomes of who watches it. Raises CommandFailed where it does not end well.

    `away`: seconds without an answer of the server after which it is given up. `lines`: without a terminal each change
    is a line.
    """
    answered, shown = time.monotonic(), Progress(lines=lines)
    try:
        while job["state"] in ("running", "paused"):
            shown.tell(_done(job), _left(job))
            time.sleep(ASK_SECONDS)
            answer = caller.ask("GET", _path(job))
            if answer.status in AWAY and time.monotonic() - answered < away:
                shown.tell("The server does not answer; the job goes on when it is there again.")
                continue
            answered = time.monotonic()
            job = succeed(answer)
    finally:
        shown.end()
    if job["state"] != "done":
        error = job.get("error") or {}
        raise CommandFailed(error.get("detail") or f"The job was {job['state']}.")
    return job


def _path(job: dict[str, Any]) -> str:
    return f"/jobs/{quote(job['id'], safe='')}"


def _done(job: dict[str, Any]) -> str:
    part = job.get("part")
    amount = "" if part is None else f" {part:.0%}"
    paused = (
        f", paused: {(job.get('error') or {}).get('detail') or 'until it is resumed'}"
        if job["state"] == "paused"
        else ""
    )
    return f"{job.get('step') or job['subject'] or job['id']}{amount}{paused}"


def _left(job: dict[str, Any]) -> str:
    rest = job.get("remaining_seconds")
    return "" if rest is None else f", {rest / 60:.0f} min left" if rest >= 60 else f", {rest:.0f} s left"
