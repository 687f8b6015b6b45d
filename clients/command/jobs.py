"""Follows a job of the server until it has ended."""

from __future__ import annotations

import time
from typing import Any

from clients.caller import Caller
from clients.command.connection import CommandFailed, succeed
from clients.command.terminal import progress

ASK_SECONDS = 0.25
"""Pause between two questions about a job."""


def follow(caller: Caller, job: dict[str, Any]) -> dict[str, Any]:
    """The job when it is done. A person who interrupts cancels it. Raises CommandFailed where it does not end well."""
    path = f"/jobs/{job['id']}"
    try:
        while job["state"] == "running":
            progress(_line(job))
            time.sleep(ASK_SECONDS)
            job = succeed(caller.ask("GET", path))
    except KeyboardInterrupt:
        caller.ask("DELETE", path)
        raise
    finally:
        progress("")
    if job["state"] != "done":
        error = job.get("error") or {}
        raise CommandFailed(error.get("detail") or f"The job was {job['state']}.")
    return job


def _line(job: dict[str, Any]) -> str:
    part = job.get("part")
    amount = "" if part is None else f" {part:.0%}"
    return f"{job.get('step') or job['subject']}{amount}"
