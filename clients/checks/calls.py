"""Checks of calls by WebRTC, as far as they go without a library for them: what is refused is told in words."""

from __future__ import annotations

from clients.checks.visit import Failed, Visit


def call(visit: Visit) -> str:
    answer = visit.post("/v1/realtime/calls", {}, refusals=(400, 404, 501))
    if answer.ok:
        raise Failed("an empty offer was taken")
    return f"refused, as it should be: {answer.complaint()}"


def live_call(visit: Visit) -> str:
    answer = visit.post("/v1/live/sessions", {"session": {}, "transport": {}}, refusals=(400, 404, 501))
    if answer.ok:
        raise Failed("an empty offer was taken")
    return f"refused, as it should be: {answer.complaint()}"


def hang_up(visit: Visit) -> str:
    answer = visit.post("/v1/realtime/calls/rtc_none/hangup", {}, refusals=(404,))
    if answer.ok:
        raise Failed("a call ended that was none")
    return "no such call"
