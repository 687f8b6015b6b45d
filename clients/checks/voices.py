"""Checks of the library of voices. Where the speech of the server is no voice to it, they ask for what is not there."""

from __future__ import annotations

from typing import Any

from clients.caller import Answer
from clients.checks.answers import length_of, object_of
from clients.checks.visit import Failed, Visit

NONE = "none-of-this-id"
TAGS = ["smoke"]


def make_voice(visit: Visit) -> str:
    answer = visit.send("/v1/voices", language="en", refusals=(400, 409))
    if not answer.ok:
        return _code(answer)
    body = object_of(answer)
    visit.voice_id = str(body["id"])
    return f"{body['report']['seconds']:.1f} s"


def one_voice(visit: Visit) -> str:
    return _seen(visit, visit.get(_path(visit), refusals=_refusals(visit)), "name")


def voice_report(visit: Visit) -> str:
    return _seen(visit, visit.get(f"{_path(visit)}/validate", refusals=_refusals(visit)), "seconds")


def validate_voice(visit: Visit) -> str:
    return _seen(visit, visit.post(f"{_path(visit)}/validate", {}, refusals=_refusals(visit)), "seconds")


def change_voice(visit: Visit) -> str:
    return _seen(visit, visit.post(_path(visit), {"tags": TAGS}, "PATCH", refusals=_refusals(visit)), "tags")


def preview_voice(visit: Visit) -> str:
    answer = visit.get(f"{_path(visit)}/preview?source=recording", refusals=_refusals(visit))
    if not visit.voice_id:
        return _seen(visit, answer, "")
    if not answer.body.startswith(b"RIFF"):
        raise Failed("not a WAV file")
    return length_of(answer.body)


def delete_voice(visit: Visit) -> str:
    said = _seen(visit, visit.delete(_path(visit), refusals=_refusals(visit)), "id")
    visit.voice_id = ""
    return said


def _seen(visit: Visit, answer: Answer, key: str) -> str:
    """The value of a key of the voice that was made; without one, the code of the refusal."""
    if visit.voice_id:
        return str(object_of(answer)[key])
    if answer.status != 404:
        raise Failed("did something with what does not exist")
    return _code(answer)


def _code(answer: Answer) -> str:
    error: Any = object_of(answer).get("error")
    if not isinstance(error, dict) or not error.get("code"):
        raise Failed("a refusal without its code")
    return str(error["code"])


def _path(visit: Visit) -> str:
    return f"/v1/voices/{visit.voice_id or NONE}"


def _refusals(visit: Visit) -> tuple[int, ...]:
    return () if visit.voice_id else (404,)
