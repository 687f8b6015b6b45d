"""Follows jobs over HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx


def ended(http: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job when it has ended, as the last of its events tells it."""
    last: dict[str, Any] = {}
    with http.stream("GET", f"/jobs/{job_id}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                last = json.loads(line.removeprefix("data: "))
    return last
