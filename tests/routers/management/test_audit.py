"""The audit trail over HTTP: who did what, who was refused, and the page, filter and stream of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from adapters.configuration.adapter import ConfigAdapter
from middleware.edge.route_table import stated_policy
from routers.app import create_app
from stts.access.key_text import KeyText
from stts.access.policy import RouteKind
from stts.settings import AuditSettings, SecuritySettings
from tests import patient
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.server import running

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("audit"))) as keyed:
        yield keyed


def entries(keyed: Keyed, **wanted: Any) -> list[dict[str, Any]]:
    """Newest first."""
    answer = keyed.admin.get("/admin/audit", params=wanted)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def test_changes_of_keys_and_users_are_told(keyed: Keyed) -> None:
    actor = f"key:{keyed.admin.get('/me').json()['key_id']}"
    user = keyed.user("Bert")
    made = keyed.key(user_id=user, role="read", limits={"sessions": 3})
    path = f"/admin/keys/{made['id']}"
    assert keyed.admin.patch(path, json={"version": 1, "role": "admin", "limits": {}}).status_code == 200
    assert keyed.admin.patch(path, json={"version": 1, "name": "late"}).status_code == 409
    rotated = keyed.admin.post(f"{path}/rotate", json={"overlap_seconds": 60}).json()
    keyed.admin.delete(path)
    other = keyed.key(user_id=user)
    keyed.admin.delete(f"/admin/users/{user}")
    found = entries(keyed, target=made["id"])
    assert [each["action"] for each in found] == ["key.revoke", "key.rotate", "key.change", "key.create"]
    assert {each["actor"] for each in found} == {actor}
    assert found[3]["details"]["limits"] == {"sessions": 3} and found[3]["details"]["role"] == "read"
    assert found[2]["details"]["changes"] == {
        "role": {"old": "read", "new": "admin"},
        "limits": {"old": {"sessions": 3}, "new": {}},
    }
    assert found[1]["details"]["overlap_seconds"] == 60
    assert found[0]["details"]["status"] == 200 and found[0]["details"]["request_id"]
    deleted, created = entries(keyed, target=user)
    assert created["details"]["name"] == "Bert" and deleted["details"]["revoked_keys"] == [other["id"]]
    for each in (made, rotated, other):
        text = KeyText.parse(each["key"].encode())
        assert text is not None and text.secret.decode() not in json.dumps(entries(keyed, limit=1000))


def test_work_on_engines_and_files_is_told(keyed: Keyed) -> None:
    assert keyed.admin.post("/engines/tone/load").status_code == 200
    assert keyed.admin.post("/engines/no-such/load").status_code == 404
    assert [each["target"] for each in entries(keyed, action="engine.load")] == ["tone"]
    sound = keyed.admin.get("/tts", params={"text": "Hello"}).content
    form = {"kind": "references", "name": "Anna"}
    stored = keyed.admin.post("/files", files={"file": ("a.wav", sound)}, data=form)
    assert stored.status_code == 201, stored.text
    keyed.admin.delete(f"/files/{stored.json()['id']}")
    keyed.admin.post("/files/cleanup", json={"dry_run": True})
    deleted, uploaded = entries(keyed, target=stored.json()["id"])
    assert (deleted["action"], uploaded["action"]) == ("file.delete", "file.upload")
    assert uploaded["details"]["kind"] == "references" and deleted["details"]["name"] == "Anna.wav"
    assert entries(keyed, action="file.cleanup") == []


def test_who_is_refused_is_counted(keyed: Keyed) -> None:
    made = keyed.key(role="write")
    with keyed.client(made["key"]) as client:
        assert client.delete(f"/admin/keys/{made['id']}").status_code == 403
        assert client.get("/config").status_code in (403, 404)
    for _ in range(3):
        assert patient.get(f"{keyed.server.url}/me").status_code == 401
    (role,) = entries(keyed, actor=f"key:{made['id']}")
    assert role["action"] == "access.refused" and role["target"] == "loopback"
    assert role["details"]["refused"]["403 DELETE /admin/keys/{key_id}"] == 1
    (nobody,) = entries(keyed, action="access.refused", actor="unknown")
    assert nobody["details"]["refused"] == {"401 GET /me": 3}


def test_refusals_of_limits_and_quotas_are_counted(keyed: Keyed) -> None:
    made = keyed.key(limits={"characters_per_day": 3, "requests_per_minute": 3})
    with keyed.client(made["key"]) as client:
        statuses = [client.get("/tts", params={"text": "Hello there"}).status_code for _ in range(5)]
    assert statuses == [429] * 5
    found = {each["target"]: each["details"]["refused"] for each in entries(keyed, actor=f"key:{made['id']}")}
    assert found == {"quota_exceeded": {"429 GET /tts": 3}, "too_many_requests": {"429 GET /tts": 2}}


async def test_refused_sessions_are_counted(keyed: Keyed) -> None:
    made = await asyncio.to_thread(keyed.key, limits={"sessions": 0})
    with pytest.raises(InvalidStatus):
        await patient.connect(f"ws{keyed.server.url[4:]}/ws/tts", additional_headers={"X-API-Key": made["key"]})
    (refused,) = await asyncio.to_thread(entries, keyed, actor=f"key:{made['id']}")
    assert refused["action"] == "quota.refused" and refused["details"]["refused"] == {"429 WS": 1}


async def test_refused_sockets_are_counted(keyed: Keyed) -> None:
    with pytest.raises(InvalidStatus):
        await patient.connect(f"ws{keyed.server.url[4:]}/ws/tts")
    assert entries(keyed, action="access.refused")[0]["details"]["refused"] == {"401 WS /ws/tts": 1}


def test_pages_and_streams(keyed: Keyed) -> None:
    for number in range(5):
        keyed.user(f"user {number}")
    page = keyed.admin.get("/admin/audit", params={"limit": 3, "action": "user.create"}).json()
    following = keyed.admin.get(
        "/admin/audit", params={"limit": 3, "action": "user.create", "before": page["next_before"]}
    ).json()
    names = [each["details"]["name"] for each in [*page["entries"], *following["entries"]]]
    assert names[:5] == [f"user {number}" for number in range(4, -1, -1)]
    by_header = keyed.admin.get("/admin/audit", headers={"Accept": "application/jsonl"})
    assert by_header.headers["content-type"] == "application/jsonl"
    lines = [json.loads(line) for line in by_header.text.splitlines()]
    assert [each["sequence"] for each in lines] == list(range(1, len(lines) + 1))
    assert all(before["hash"] == after["previous"] for before, after in pairwise(lines))
    chosen = keyed.admin.get("/admin/audit", params={"format": "jsonl", "target": "nobody"})
    assert chosen.status_code == 200 and chosen.text == ""
    at = lines[-1]["at"]
    assert keyed.admin.get("/admin/audit", params={"since": at + 1000}).json() == {"entries": [], "next_before": None}


@pytest.mark.parametrize(
    "wanted",
    [
        {"action": "no.action"},
        {"action": "key.create' OR 1=1 --"},
        {"limit": 0},
        {"limit": 10**9},
        {"before": -1},
        {"before": 10**30},
        {"since": "nan"},
        {"until": "yesterday"},
        {"format": "csv"},
        {"actor": "x" * 10_000},
    ],
)
def test_bad_filters_are_refused(keyed: Keyed, wanted: dict[str, Any]) -> None:
    answer = keyed.admin.get("/admin/audit", params=wanted)
    assert answer.status_code == 422 and answer.json()["param"]


@pytest.mark.parametrize("role", ["read", "write"])
def test_only_administrators_read_it(keyed: Keyed, role: str) -> None:
    with keyed.client(keyed.key(role=role)["key"]) as client:
        assert client.get("/admin/audit").status_code == 403
    assert patient.get(f"{keyed.server.url}/admin/audit").status_code == 401


def test_configuration_changes_are_told_with_old_and_new_values(tmp_path: Path) -> None:
    environ = {"STTS_STORAGE__ROOT": str(tmp_path), "STTS_AUDIT__ENABLED": "true"}
    config = ConfigAdapter.load(None, environ, None)
    with running(config.current(), registry(), config) as server:
        old = config.current().limits.queue_length
        changed = patient.request("PATCH", f"{server.url}/config", json={"limits.queue_length": old + 1})
        assert changed.status_code == 200, changed.text
        assert patient.request("PATCH", f"{server.url}/config", json={"audit.days": 1}).status_code == 403
        assert patient.post(f"{server.url}/config/reload").status_code == 200
        reloaded, told = patient.get(f"{server.url}/admin/audit").json()["entries"]
    assert told["action"] == "config.change" and told["actor"] == "anonymous"
    assert told["details"]["changes"] == {"limits.queue_length": {"old": old, "new": old + 1}}
    assert reloaded["action"] == "config.reload" and reloaded["details"]["changes"] == {}


def test_secrets_of_the_configuration_are_masked(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    settings = f"storage: {{root: {tmp_path}}}\naudit: {{enabled: true}}\nsecurity: {{api_key: %s}}\n"
    file.write_text(settings % "hunter2")
    config = ConfigAdapter.load(file, {}, None)
    with running(config.current(), registry(), config) as server:
        file.write_text(settings % "hunter3")
        key = {"X-API-Key": "hunter2"}
        assert patient.post(f"{server.url}/config/reload", headers=key).status_code == 200
        answer = patient.get(f"{server.url}/admin/audit", headers=key)
    (told,) = answer.json()["entries"]
    assert told["actor"] == "api_key" and list(told["details"]["changes"]) == ["security.api_key"]
    assert "hunter" not in answer.text


def test_a_trail_that_takes_no_entry_can_be_read(tmp_path: Path) -> None:
    with keyed_server(keyed_settings(tmp_path)) as keyed:
        keyed.user("Anna")
        assert len(entries(keyed)) == 1
        with closing(sqlite3.connect(tmp_path / "stts.db", timeout=PATIENCE)) as connection:
            connection.execute("UPDATE audit_chain SET sequence = 0")
            connection.commit()
        keyed.user("Bert")
        assert [each["details"]["name"] for each in entries(keyed)] == ["Anna"]
        assert keyed.admin.get("/me").status_code == 200


def test_without_a_trail_nothing_is_kept(tmp_path: Path) -> None:
    with running(keyed_settings(tmp_path, security=SecuritySettings()), registry()) as server:
        assert "audit" not in server.tasks()
        assert patient.post(f"{server.url}/engines/tone/load").status_code == 200
        assert patient.get(f"{server.url}/admin/audit").status_code == 404
    assert not (tmp_path / "stts.db").exists()
    assert not keyed_settings(tmp_path, audit=AuditSettings(enabled=False)).is_audited
    assert keyed_settings(tmp_path).is_audited


def test_every_route_that_changes_something_states_its_action(tmp_path: Path) -> None:
    config = ConfigAdapter.load(None, {"STTS_STORAGE__ROOT": str(tmp_path)}, None)
    silent = set()
    for route in create_app(config.current(), config=config).router.routes:
        policy, methods = stated_policy(route), getattr(route, "methods", None) or {"GET"}
        if policy.kind is RouteKind.MANAGE and methods - {"GET", "HEAD"} and policy.action is None:
            silent.add(getattr(route, "path", ""))
    assert silent == {"/config/validate"}
