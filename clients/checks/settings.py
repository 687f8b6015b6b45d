"""Checks of configuration, analytics and metrics."""

from __future__ import annotations

from clients.checks.answers import events_of, object_of
from clients.checks.visit import Failed, Visit


def change_nothing(visit: Visit) -> str:
    answer = visit.post("/config", {}, "PATCH", refusals=(409,))
    if answer.status == 409:
        return "the file cannot be changed"
    return f"{len(object_of(answer)['live'])} keys changed"


def validate(visit: Visit) -> str:
    body = object_of(visit.post("/config/validate", {"limits": {"queue_length": 0}}))
    if body["valid"]:
        raise Failed("took a queue of 0 for valid")
    return "told a wrong value"


def reload(visit: Visit) -> str:
    body = object_of(visit.post("/config/reload", {}))
    return f"{len(body['live'])} keys changed, {len(body['restart'])} wait for a restart"


def live(visit: Visit) -> str:
    return f"{len(events_of(visit.get('/analytics/live?count=1')))} snapshot"


def clear_nothing(visit: Visit) -> str:
    """Removes what a voice of another world has left in the cache."""
    removed = object_of(visit.delete("/cache?voice=none-of-this-name"))["removed"]
    if removed:
        raise Failed("removed what was not meant")
    return "nothing removed"


def metrics(visit: Visit) -> str:
    lines = visit.get("/metrics").body.decode().splitlines()
    values = [line for line in lines if line.startswith("stts_")]
    if not values:
        raise Failed("no value of this server")
    return f"{len(values)} values"
