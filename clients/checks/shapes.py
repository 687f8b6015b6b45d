"""Checks that several endpoints share."""

from __future__ import annotations

from clients.checks.answers import brief, object_of
from clients.checks.visit import Check, Failed, Visit


def keys(path: str, *expected: str) -> Check:
    """GET of a JSON object with at least these keys."""

    def check(visit: Visit) -> str:
        body = object_of(visit.get(path))
        if missing := [key for key in expected if key not in body]:
            raise Failed(f"without {', '.join(missing)}")
        return ", ".join(f"{key} {brief(body[key])}" for key in expected)

    return check


def named(path: str, key: str) -> Check:
    """GET of a list of things with ids under this key."""

    def check(visit: Visit) -> str:
        found = object_of(visit.get(path))[key]
        if not all(each["id"] for each in found):
            raise Failed("something without an id")
        return f"{len(found)} {key}"

    return check


def told_none(method: str, path: str) -> Check:
    """Asks for what does not exist, where more would fetch or remove what is there."""

    def check(visit: Visit) -> str:
        ask = {"GET": visit.get, "DELETE": visit.delete}.get(method)
        answer = visit.post(path, {}, refusals=(404,)) if ask is None else ask(path, refusals=(404,))
        if answer.status != 404:
            raise Failed("did something with what does not exist")
        told = object_of(answer)
        return str(told["error"]["code"] if isinstance(told.get("error"), dict) else told["code"])

    return check
