"""Checks of calls by WebRTC, as far as they go without a library for them: what is refused is told in words."""

from __future__ import annotations

from typing import Any

from clients.checks.answers import object_of
from clients.checks.shapes import told_none
from clients.checks.visit import Check, Failed, Visit

REFUSED = (400, 501)
"""An offer that is none; a server without a library for calls."""


def call(visit: Visit) -> str:
    return _refused(visit, "/v1/realtime/calls", {})


def live_call(visit: Visit) -> str:
    return _refused(visit, "/v1/live/sessions", {"session": {}, "transport": {}})


hang_up: Check = told_none("POST", "/v1/realtime/calls/rtc_none/hangup")


def _refused(visit: Visit, path: str, offer: dict[str, Any]) -> str:
    answer = visit.post(path, offer, refusals=REFUSED)
    if answer.status not in REFUSED:
        raise Failed("an empty offer was taken")
    return f"refused, as it should be: {object_of(answer)['error']['message']}"
