"""Checks of stored files."""

from __future__ import annotations

from clients.checks.answers import length_of, object_of
from clients.checks.visit import Failed, Visit


def upload(visit: Visit) -> str:
    body = object_of(visit.send("/files", kind="uploads"))
    visit.file_id = body["id"]
    return f"{body['size']} bytes, {body['duration']:.1f} s"


def one_file(visit: Visit) -> str:
    return str(object_of(visit.get(f"/files/{_file(visit)}"))["media_type"])


def file_content(visit: Visit) -> str:
    data = visit.get(f"/files/{_file(visit)}/content").body
    if data != visit.speech:
        raise Failed("not what was sent")
    return length_of(data)


def delete_file(visit: Visit) -> str:
    visit.delete(f"/files/{_file(visit)}")
    visit.file_id = ""
    return "gone"


def share_none(visit: Visit) -> str:
    """Asks for what does not exist: a voice of a user that is shared is everybody's."""
    answer = visit.post("/files/none-of-this-id", {"shared": True}, "PATCH", refusals=(404,))
    if answer.status != 404:
        raise Failed("did something with what does not exist")
    return str(object_of(answer)["code"])


def cleanup(visit: Visit) -> str:
    body = object_of(visit.post("/files/cleanup", {"dry_run": True}))
    return f"{body['files']} files would go"


def _file(visit: Visit) -> str:
    if not visit.file_id:
        raise Failed("not tried: nothing was uploaded")
    return visit.file_id
