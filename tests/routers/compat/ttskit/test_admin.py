"""Keys and users by TTSKit's routes, over the server's own keys in a database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from routers.key_service import close_stores
from routers.services import Services, build_services
from stts.access.administration import KeyWishes
from stts.access.roles import Role
from tests.fakes import registry
from tests.keyed import keyed_settings
from tests.routers.compat.ttskit.conftest import ttskit_client

ADMIN = "/api/v1/admin"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    services = build_services(keyed_settings(tmp_path), registry=registry())
    yield services
    await services.engines.close()
    await close_stores(services)


@pytest.fixture
async def admin(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    administration = await services.access.administration()
    user = await administration.create_user("admin")
    issued = await administration.create_key(KeyWishes(name="first", user_id=user.id, role=Role.ADMIN))
    async with ttskit_client(services) as client:
        client.headers["authorization"] = f"Bearer {issued.text}"
        yield client


async def made(admin: httpx.AsyncClient, user: str, *permissions: str) -> str:
    answer = await admin.post(f"{ADMIN}/api-keys", json={"user_id": user, "permissions": permissions})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["api_key"])


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_permissions_are_the_roles_of_keys(admin: httpx.AsyncClient) -> None:
    reader = bearer(await made(admin, "reader", "read"))
    writer = bearer(await made(admin, "writer", "read", "write"))
    assert (await admin.get("/api/v1/engines", headers=reader)).status_code == 200
    refused = await admin.post("/api/v1/synth", json={"text": "Hello"}, headers=reader)
    assert (refused.status_code, refused.json()["error_type"]) == (403, "permission_error")
    assert (await admin.post("/api/v1/synth", json={"text": "Hello"}, headers=writer)).status_code == 200
    assert (await admin.post("/api/v1/cache/clear", headers=reader)).status_code == 403
    assert (await admin.post("/api/v1/cache/clear", headers=writer)).status_code == 403
    assert (await admin.post("/api/v1/cache/clear")).status_code == 200
    assert (await admin.get(f"{ADMIN}/api-keys", headers=writer)).status_code == 403
    me = (await admin.get(f"{ADMIN}/users/me", headers=reader)).json()
    assert (me["user_id"], me["permissions"], me["is_admin"]) == ("reader", ["read"], False)
    assert (await admin.get(f"{ADMIN}/users/me", headers=writer)).json() == {
        "user_id": "writer",
        "permissions": ["read", "write"],
        "api_key": "***",
        "is_active": True,
        "is_admin": False,
    }


async def test_keys_are_listed_without_their_texts(admin: httpx.AsyncClient) -> None:
    text = await made(admin, "anna", "write")
    answer = await admin.get(f"{ADMIN}/api-keys")
    mine = next(each for each in answer.json() if each["user_id"] == "anna")
    assert (mine["api_key_plain"], mine["permissions"], mine["is_active"]) == (
        "***hidden***",
        ["read", "write"],
        True,
    )
    assert mine["usage_count"] == 0 and mine["expires_at"] is None
    assert text not in answer.text and text.rsplit("_", 1)[1] not in answer.text


async def test_keys_are_changed_and_end(admin: httpx.AsyncClient) -> None:
    key = bearer(await made(admin, "anna", "read", "write"))
    changed = await admin.put(f"{ADMIN}/api-keys/anna", json={"permissions": ["read"], "expires_at": "2090-01-01"})
    assert (changed.json()["permissions"], changed.json()["expires_at"]) == (["read"], "2090-01-01T00:00:00+00:00")
    assert (await admin.post("/api/v1/synth", json={"text": "Hello"}, headers=key)).status_code == 403
    deleted = await admin.delete(f"{ADMIN}/api-keys/anna")
    assert deleted.json() == {"message": "API key deleted successfully"}
    assert (await admin.get("/api/v1/engines", headers=key)).status_code == 401
    gone = await admin.delete(f"{ADMIN}/api-keys/anna")
    assert (gone.status_code, gone.json()["error_type"]) == (404, "not_found")
    again = bearer(await made(admin, "anna", "admin"))
    assert (await admin.put(f"{ADMIN}/api-keys/anna", json={"is_active": False})).json()["is_active"] is False
    assert (await admin.get("/api/v1/engines", headers=again)).status_code == 401


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"user_id": "anna", "api_key": "chosen-by-me"}, 400),
        ({"user_id": "anna", "expires_at": "tomorrow"}, 400),
        ({"user_id": "anna", "permissions": ["root"]}, 422),
        ({"user_id": "anna", "permissions": []}, 422),
        ({"user_id": ""}, 422),
        ({}, 422),
    ],
)
async def test_wrong_keys_make_nobody(admin: httpx.AsyncClient, fields: dict[str, object], status: int) -> None:
    answer = await admin.post(f"{ADMIN}/api-keys", json=fields)
    assert (answer.status_code, answer.json()["error_type"]) == (status, "validation_error")
    assert [each["user_id"] for each in (await admin.get(f"{ADMIN}/users")).json()] == ["admin"]


async def test_users(admin: httpx.AsyncClient) -> None:
    created = (await admin.post(f"{ADMIN}/users", json={"user_id": "anna", "email": "anna@example.org"})).json()
    assert (created["user_id"], created["is_active"], created["is_admin"]) == ("anna", True, False)
    twice = await admin.post(f"{ADMIN}/users", json={"user_id": "anna"})
    assert (twice.status_code, twice.json()["error_type"]) == (409, "conflict")
    await made(admin, "anna", "admin")
    assert (await admin.get(f"{ADMIN}/users/anna")).json()["is_admin"] is True
    assert {each["user_id"] for each in (await admin.get(f"{ADMIN}/users")).json()} == {"admin", "anna"}
    assert (await admin.delete(f"{ADMIN}/users/anna")).status_code == 200
    for path in ("users/anna", "users/nobody"):
        assert (await admin.get(f"{ADMIN}/{path}")).status_code == 404
    assert (await admin.delete(f"{ADMIN}/users/nobody")).status_code == 404


@pytest.mark.parametrize("path", ["users/admin", "api-keys/admin"])
async def test_the_administrator_stays(admin: httpx.AsyncClient, path: str) -> None:
    refused = await admin.delete(f"{ADMIN}/{path}")
    assert (refused.status_code, refused.json()["detail"]) == (403, "Cannot delete admin user")


@pytest.mark.parametrize("change", [{"is_active": False}, {"permissions": ["read"]}, {"expires_at": "2090-01-01"}])
async def test_the_last_key_that_administers_stays(admin: httpx.AsyncClient, change: dict[str, object]) -> None:
    refused = await admin.put(f"{ADMIN}/api-keys/admin", json=change)
    assert (refused.status_code, "make one before" in refused.text) == (403, True)
    assert (await admin.get(f"{ADMIN}/users")).status_code == 200
    await made(admin, "anna", "admin")
    assert (await admin.put(f"{ADMIN}/api-keys/admin", json=change)).status_code == 200
