"""Checks of engines and voices."""

from __future__ import annotations

from typing import Any

from clients.checks.answers import list_of, object_of
from clients.checks.visit import Failed, Visit


def engines(visit: Visit) -> str:
    visit.engines = list_of(visit.get("/engines").json())
    return ", ".join(f"{each['name']} {each['state']}" for each in visit.engines)


def one_engine(visit: Visit) -> str:
    name = _spare_engine(visit)["name"]
    return f"{name} {object_of(visit.get(f'/engines/{name}'))['state']}"


def load(visit: Visit) -> str:
    name = _spare_engine(visit)["name"]
    body = object_of(visit.post(f"/engines/{name}/load", {}))
    if not body["last_probe"]["ok"]:
        raise Failed(f"{name} does not work: {body['last_probe']['error']}")
    return f"{name} {body['state']}"


def unload(visit: Visit) -> str:
    """Refused while it works for others."""
    engine = _spare_engine(visit)
    name = engine["name"]
    if visit.post(f"/engines/{name}/unload", {}, refusals=(409,)).status == 409:
        return f"{name} is at work"
    if engine["state"] == "ready":
        visit.post(f"/engines/{name}/load", {})
        return f"{name} unloaded, loaded again"
    return f"{name} unloaded"


def voices(visit: Visit) -> str:
    return f"{len(list_of(visit.get('/voices').json()))} voices"


def _spare_engine(visit: Visit) -> dict[str, Any]:
    """One that can be loaded and unloaded without anybody missing it: the lightest that nobody uses yet."""
    usable = [each for each in visit.engines if each["state"] in ("cold", "ready") and not each["network"]]
    if not usable:
        raise Failed("not tried: no engine is installed")
    return min(usable, key=lambda each: (each["name"] != "espeak", each["state"] != "cold"))
