"""Checks of users, keys, usage and audit. The user that they make is deleted at the end, and its key revoked."""

from __future__ import annotations

from typing import Any

from clients.checks.answers import list_of, object_of
from clients.checks.visit import Check, Failed, Visit

NAME = "smoke test"


def make_user(visit: Visit) -> str:
    visit.user_id = object_of(visit.post("/admin/users", {"name": NAME}))["id"]
    return f"user {visit.user_id}"


def users(visit: Visit) -> str:
    return _some(visit, "/admin/users")


def one_user(visit: Visit) -> str:
    return str(object_of(visit.get(f"/admin/users/{_user(visit)}"))["name"])


def delete_user(visit: Visit) -> str:
    visit.delete(f"/admin/users/{_user(visit)}")
    return "deleted"


def remove_data(visit: Visit) -> str:
    removed = object_of(visit.delete(f"/admin/users/{_user(visit)}/data"))
    return f"{len(removed)} kinds"


def make_key(visit: Visit) -> str:
    made = object_of(visit.post("/admin/keys", {"name": NAME, "user_id": _user(visit), "role": "read"}))
    visit.key_id = made["id"]
    if not made["key"].startswith(f"stts_{visit.key_id}_"):
        raise Failed("without the key itself")
    return f"key {visit.key_id}"


def all_keys(visit: Visit) -> str:
    return _some(visit, f"/admin/keys?user_id={_user(visit)}")


def one_key(visit: Visit) -> str:
    return str(_key(visit)["role"])


def change_key(visit: Visit) -> str:
    version = _key(visit)["version"]
    changed = object_of(visit.post(f"/admin/keys/{visit.key_id}", {"version": version, "name": NAME}, "PATCH"))
    return f"version {changed['version']}"


def all_subjects(visit: Visit) -> str:
    """A key that was just made has none yet."""
    _key(visit)
    found = visit.get(f"/admin/keys/{visit.key_id}/subjects").json()
    if not isinstance(found, list):
        raise Failed("not a list")
    return f"{len(found)} of them"


def limit_subject(visit: Visit) -> str:
    """A key that may name no subjects has none to limit."""
    _key(visit)
    visit.post(f"/admin/keys/{visit.key_id}/subjects/anna", {}, "PUT", refusals=(409,))
    return "refused"


def unlimit_subject(visit: Visit) -> str:
    _key(visit)
    visit.delete(f"/admin/keys/{visit.key_id}/subjects/anna", refusals=(409,))
    return "refused"


def rotate_key(visit: Visit) -> str:
    _key(visit)
    return "rotated" if object_of(visit.post(f"/admin/keys/{visit.key_id}/rotate", {}))["key"] else ""


def revoke_key(visit: Visit) -> str:
    _key(visit)
    if object_of(visit.delete(f"/admin/keys/{visit.key_id}"))["revoked_at"] is None:
        raise Failed("the key is not revoked")
    return "revoked"


def where_kept(path: str, key: str) -> Check:
    """GET of an object with this key, on a server that keeps such records."""

    def check(visit: Visit) -> str:
        answer = visit.get(path, refusals=(404,))
        body = object_of(answer)
        if answer.status == 404 and "kept" in str(body.get("detail")):
            return "not kept here"
        if key not in body:
            raise Failed(f"without {key}")
        return key

    return check


def _some(visit: Visit, path: str) -> str:
    return f"{len(list_of(visit.get(path).json()))} of them"


def _user(visit: Visit) -> str:
    if not visit.user_id:
        raise Failed("not tried: no user was made")
    return visit.user_id


def _key(visit: Visit) -> dict[str, Any]:
    if not visit.key_id:
        raise Failed("not tried: no key was made")
    return object_of(visit.get(f"/admin/keys/{visit.key_id}"))
