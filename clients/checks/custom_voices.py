"""Checks of custom voices and consents. Where the speech of the server is no voice to it, they ask for what is not
there."""

from __future__ import annotations

from clients.caller import Answer
from clients.checks.answers import object_of
from clients.checks.visit import Failed, Visit

CONSENTS, VOICES = "/v1/audio/voice_consents", "/v1/audio/voices"
NONE = "none-of-this-id"


def make_consent(visit: Visit) -> str:
    answer = visit.send(CONSENTS, part="recording", refusals=(400,), name="smoke", language="en-US")
    if not answer.ok:
        return _code(answer)
    visit.consent_id = str(object_of(answer)["id"])
    return visit.consent_id[:5]


def consents(visit: Visit) -> str:
    body = object_of(visit.get(f"{CONSENTS}?limit=1"))
    if body["object"] != "list" or not isinstance(body["has_more"], bool):
        raise Failed(f"a list that says {body!r}")
    return f"{len(body['data'])} consents"


def one_consent(visit: Visit) -> str:
    return _seen(visit.get(_consent(visit), refusals=(404,)), visit.consent_id, "language")


def rename_consent(visit: Visit) -> str:
    return _seen(visit.post(_consent(visit), {"name": "smoke again"}, refusals=(404,)), visit.consent_id, "name")


def make_custom_voice(visit: Visit) -> str:
    fields = {"name": "smoke", "consent": visit.consent_id or NONE}
    answer = visit.send(VOICES, part="audio_sample", refusals=(400,), **fields)
    if not answer.ok:
        return _code(answer)
    visit.custom_voice_id = str(object_of(answer)["id"])
    return visit.custom_voice_id[:6]


def delete_custom_voice(visit: Visit) -> str:
    answer = visit.delete(f"{VOICES}/{visit.custom_voice_id or NONE}", refusals=(404,))
    said = _seen(answer, visit.custom_voice_id, "object")
    visit.custom_voice_id = ""
    return said


def delete_consent(visit: Visit) -> str:
    said = _seen(visit.delete(_consent(visit), refusals=(404,)), visit.consent_id, "object")
    visit.consent_id = ""
    return said


def _consent(visit: Visit) -> str:
    return f"{CONSENTS}/{visit.consent_id or NONE}"


def _seen(answer: Answer, id: str, key: str) -> str:
    """The value of a key of what was made; without it, the code of the refusal."""
    if id:
        return str(object_of(answer)[key])
    if answer.status != 404:
        raise Failed("did something with what does not exist")
    return _code(answer)


def _code(answer: Answer) -> str:
    code = object_of(answer)["error"]["code"]
    if not code:
        raise Failed("a refusal without its code")
    return str(code)
