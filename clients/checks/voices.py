"""Checks of the library of voices. Where the speech of the server is no voice to it, they ask for what is not there."""

from __future__ import annotations

from clients.checks.answers import length_of, object_of
from clients.checks.visit import Failed, Visit

NONE = "none-of-this-id"
NAME = "Voice of the smoke test"
TAGS = ["smoke"]


def make_voice(visit: Visit) -> str:
    answer = visit.send("/v1/voices", name=NAME, refusals=(400, 409))
    body = object_of(answer)
    if not answer.ok:
        return str(object_of_error(body)["code"])
    visit.voice_id = body["id"]
    return f"{body['report']['signal_to_noise']:.0f} dB of signal to noise"


def one_voice(visit: Visit) -> str:
    return _told(visit, "", "name")


def voice_report(visit: Visit) -> str:
    return _told(visit, "/validate", "seconds")


def validate_voice(visit: Visit) -> str:
    answer = visit.post(f"{_path(visit)}/validate", {}, refusals=_refusals(visit))
    return str(object_of(answer)["seconds"]) if answer.ok else "404"


def change_voice(visit: Visit) -> str:
    answer = visit.post(_path(visit), {"tags": TAGS}, "PATCH", refusals=_refusals(visit))
    if answer.ok and object_of(answer)["tags"] != TAGS:
        raise Failed("the tags are not what they were set to")
    return "changed" if answer.ok else "404"


def preview_voice(visit: Visit) -> str:
    answer = visit.get(f"{_path(visit)}/preview?source=recording", refusals=_refusals(visit))
    return length_of(answer.body) if answer.ok else "404"


def delete_voice(visit: Visit) -> str:
    answer = visit.delete(_path(visit), refusals=_refusals(visit))
    visit.voice_id = ""
    return "gone" if answer.ok else "404"


def object_of_error(body: dict[str, object]) -> dict[str, object]:
    """The error in a body of the OpenAI dialect."""
    error = body.get("error")
    return error if isinstance(error, dict) else {"code": "no reason given"}


def _told(visit: Visit, more: str, key: str) -> str:
    answer = visit.get(_path(visit) + more, refusals=_refusals(visit))
    return str(object_of(answer)[key]) if answer.ok else "404"


def _path(visit: Visit) -> str:
    return f"/v1/voices/{visit.voice_id or NONE}"


def _refusals(visit: Visit) -> tuple[int, ...]:
    return () if visit.voice_id else (404,)
