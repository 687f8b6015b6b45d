"""Tells what the bot can do, how the server is, what was used, and the way out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clients.chat.speech import ServerFailed
from clients.telegram.turn import Turn

TOLD = (("characters", "day"), ("characters", "month"), ("audio_seconds_in", "month"))


async def start(turn: Turn) -> None:
    await turn.tell("start", name=turn.message.person.name)


async def help_(turn: Turn) -> None:
    admin = turn.message.person.id in turn.desk.settings.admins
    await turn.say("\n".join([turn.words("help"), *([turn.words("help_admin")] if admin else [])]))


async def health(turn: Turn) -> None:
    """Tells whether the server answers, and which of its engines can work."""
    await turn.desk.server.get("/health")
    engines = await turn.desk.server.get("/engines", turn.subject)
    ready = [str(engine["name"]) for engine in engines if engine["available"] and engine["kind"] in ("tts", "stt")]
    await turn.tell("health", engines=", ".join(ready))


async def usage(turn: Turn) -> None:
    """Tells what this person used today and this month; all people together where the key does not tell them apart."""
    me = await turn.desk.server.get("/me", turn.subject)
    if me.get("subject"):
        used: dict[tuple[str, str], float] = {(each["unit"], each["period"]): each["amount"] for each in me["used"]}
        today, month, heard = (round(used.get(each, 0.0)) for each in TOLD)
        await turn.tell("usage", today=today, month=month, heard=heard)
        return
    try:
        told = await turn.desk.server.get("/me/usage", turn.subject)
    except ServerFailed as failure:
        if failure.code != "not_found":
            raise
        await turn.tell("no_usage")
        return
    sums: dict[str, Any] = told["key"] or {}
    day, this_month = (_last(sums.get(span), form) for span, form in (("days", "%Y-%m-%d"), ("months", "%Y-%m")))
    await turn.tell(
        "usage",
        today=day.get("characters", 0),
        month=this_month.get("characters", 0),
        heard=round(this_month.get("seconds_in", 0)),
    )


def _last(periods: list[dict[str, Any]] | None, form: str) -> dict[str, Any]:
    """The period of now, which the server counts in UTC, or nothing: those without any use are not told."""
    now = datetime.now(UTC).strftime(form)
    return next((period for period in periods or [] if period["period"] == now), {})
