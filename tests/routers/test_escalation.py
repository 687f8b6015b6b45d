"""A key does what its role says and nothing above, on every route; wrong keys and foul texts do nothing."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from websockets.exceptions import InvalidStatus

from adapters.configuration.adapter import ConfigAdapter
from stts.access.key_text import KeyText
from stts.access.roles import Role
from tests import patient
from tests.audio import encoded, tone
from tests.fakes import registry
from tests.keyed import Keyed, keyed_settings, make_key
from tests.server import running
from tests.test_access_docs import listed

pytestmark = pytest.mark.socket

NEEDED = {route: Role.named(role) for route, role in listed().items() if role != "none"}
OPEN = {
    "GET /ready",
    "GET /v1/models",
    "GET /v1/models/{model_id:path}",
    "GET /v1/audio/voices",
    "GET /v1/audio/models",
}
"""Open to all by default: some clients fetch their lists without a key, and watchers ask whether it is ready."""
SQL = ["'; DROP TABLE users; --", "1' OR '1'='1", '" UNION SELECT secret_hash FROM access_keys --', "%' ESCAPE '\\"]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """A server with all routes: those of the configuration too, which is in a file."""
    folder = tmp_path_factory.mktemp("escalation")
    settings = keyed_settings(folder / "data")
    (folder / "data").mkdir()
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(json.loads(settings.model_dump_json(exclude_unset=True))))
    config = ConfigAdapter.load(file, {}, None)
    key = asyncio.run(make_key(settings))
    headers = {"X-API-Key": key}
    with (
        running(config.current(), registry(), config) as server,
        patient.Client(base_url=server.url, headers=headers) as admin,
    ):
        yield Keyed(server, settings, admin)


def filled(route: str) -> tuple[str, str]:
    method, _, path = route.partition(" ")
    return method, re.sub(r"\{[^}]+\}", "some", path)


def refusals(keyed: Keyed, actor: str) -> list[dict[str, Any]]:
    found = keyed.admin.get("/admin/audit", params={"actor": actor, "action": "access.refused"})
    entries: list[dict[str, Any]] = found.json()["entries"]
    return entries


@pytest.mark.parametrize("role", ["read", "write"])
def test_a_key_is_refused_above_its_role(keyed: Keyed, role: str) -> None:
    made = keyed.key(role=role)
    above = [filled(route) for route, needed in NEEDED.items() if needed > Role.named(role)]
    http = [(method, path) for method, path in above if method != "WS"]
    assert len(http) > 30
    before = state(keyed)
    with keyed.client(made["key"]) as client:
        answers = [(method, path, client.request(method, path, json={}).status_code) for method, path in http]
    assert [answer for answer in answers if answer[2] != 403] == []
    assert state(keyed) == before
    (entry,) = refusals(keyed, f"key:{made['id']}")
    assert entry["details"]["count"] == len(http)
    assert all(kind == "others" or kind.startswith("403 ") for kind in entry["details"]["refused"])


async def test_a_key_to_read_opens_no_socket(keyed: Keyed) -> None:
    made = await asyncio.to_thread(lambda: keyed.key(role="read"))
    sockets = [route for route in NEEDED if route.startswith("WS ")]
    for _, path in map(filled, sockets):
        with pytest.raises(InvalidStatus) as refused:
            await patient.connect(f"ws{keyed.server.url[4:]}{path}", additional_headers={"X-API-Key": made["key"]})
        assert refused.value.response.status_code == 403, path
    (entry,) = await asyncio.to_thread(refusals, keyed, f"key:{made['id']}")
    assert entry["details"]["refused"] == {f"403 {route}": 1 for route in sockets}


def test_nobody_gets_in_without_a_key(keyed: Keyed) -> None:
    routes = [filled(route) for route in NEEDED if route not in OPEN and not route.startswith("WS ")]
    with patient.Client(base_url=keyed.server.url) as nobody:
        answers = [(method, path, nobody.request(method, path, json={}).status_code) for method, path in routes]
    assert [answer for answer in answers if answer[2] != 401] == []


def state(keyed: Keyed) -> list[Any]:
    """Everything that a refused request could have changed. Last uses are none."""
    users = keyed.admin.get("/admin/users?limit=1000").json()
    keys = keyed.admin.get("/admin/keys?limit=1000").json()
    for each in keys:
        each.pop("last_used_at")
    return [users, keys, *(keyed.admin.get(path).json() for path in ("/config", "/files", "/jobs"))]


def wrong_keys(key: str) -> list[bytes]:
    text = KeyText.parse(key.encode())
    assert text is not None
    other = str(KeyText.new())
    forms = [
        key[:-1], key[:20], key[5:], key.upper(), f"{key}x", key.replace("_", "-"), key.replace("stts", "sk"),
        f"stts_{text.id}_", f"stts__{key.rpartition('_')[2]}", f"stts_{text.id}_{other.rpartition('_')[2]}",
        other, "stts_", "x" * 10_000, f"{key}{'0' * 10_000}", *SQL, "%s", "../../etc/passwd", "null", "ek_none",
    ]  # fmt: skip
    return [*(each.encode() for each in forms), b"\xff\xfe" * 8, key.encode() + b"\xc3\x28"]


def test_keys_of_wrong_form_open_nothing(keyed: Keyed) -> None:
    made = keyed.key(role="admin")
    with patient.Client(base_url=keyed.server.url) as client:
        for wrong in wrong_keys(made["key"]):
            for headers in ({b"X-API-Key": wrong}, {b"Authorization": b"Bearer " + wrong}):
                answer = client.get("/admin/keys", headers=headers)
                assert answer.status_code in (401, 429), (wrong[:60], answer.status_code)
                assert made["id"] not in answer.text
    (entry,) = refusals(keyed, "unknown")[:1]
    assert entry["details"]["count"] >= 2 and made["key"] not in json.dumps(entry)
    with keyed.client(made["key"]) as client:
        assert client.get("/admin/keys").status_code == 200


def test_keys_whose_time_or_user_is_gone(keyed: Keyed) -> None:
    expired = keyed.key(role="admin", expires_at=time.time() - 1)
    orphan = keyed.key(role="admin")
    assert keyed.admin.delete(f"/admin/users/{orphan['user_id']}").status_code == 204
    for made in (expired, orphan):
        with keyed.client(made["key"]) as client:
            answers = [client.post("/admin/users", json={"name": "x"}), client.get("/me"), client.get("/files")]
        assert all(answer.status_code in (401, 429) for answer in answers)


LONG = "x" * 10_000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/admin/users", {"name": LONG}),
        ("POST", "/admin/keys", {"name": LONG}),
        ("POST", "/tts", {"text": "Hello", "voice": LONG}),
        ("POST", "/tts", {"text": "Hello", "engine": LONG}),
        ("POST", "/v1/audio/speech", {"input": "Hello", "voice": LONG, "model": "tts-1"}),
        ("POST", "/conversation", {"text": "Hello", "session": LONG}),
        ("POST", "/models/pull", {"model": LONG}),
        ("POST", "/admin/keys", {"name": "x", "limits": {"sessions": -1}}),
        ("POST", "/admin/keys", {"name": "x", "limits": {"characters_per_month": 10**400}}),
        ("POST", "/admin/keys", {"name": "x", "limits": {"concurrent": "many"}}),
        ("POST", "/admin/keys", {"name": "x", "limits": []}),
        ("POST", "/files/cleanup", {"max_age_hours": -1}),
        ("GET", f"/files/{LONG[:4000]}", None),
        ("GET", f"/jobs/{LONG[:4000]}", None),
        ("GET", f"/admin/users/{LONG[:4000]}", None),
        ("DELETE", f"/admin/users/{LONG[:4000]}/data", None),
        ("GET", f"/admin/audit?target={LONG[:4000]}", None),
        ("GET", "/files?limit=-1", None),
        ("GET", f"/files?offset={'9' * 30}", None),
        ("GET", "/admin/users?limit=0", None),
    ],
)
def test_what_is_too_much_is_a_clear_mistake(keyed: Keyed, method: str, path: str, body: Any) -> None:
    before = state(keyed)
    content = json.dumps(body).encode() if body is not None else None
    headers = {"content-type": "application/json"}
    answer = keyed.admin.request(method, path, content=content, headers=headers)
    assert 400 <= answer.status_code < 500 and answer.status_code not in (401, 403, 429), answer.text[:200]
    assert LONG not in answer.text
    assert state(keyed) == before


@pytest.mark.parametrize("limits", [{"sessions": -1}, {"characters_per_day": 10**30}, {"requests_per_minute": "x"}])
def test_absurd_limits_change_no_key(keyed: Keyed, limits: dict[str, Any]) -> None:
    made = keyed.key(limits={"sessions": 3})
    refused = keyed.admin.patch(f"/admin/keys/{made['id']}", json={"version": 1, "limits": limits})
    assert refused.status_code == 422
    kept = keyed.admin.get(f"/admin/keys/{made['id']}").json()
    assert (kept["version"], kept["limits"]) == (1, {"sessions": 3})


@pytest.mark.parametrize("text", SQL)
def test_sql_is_only_a_text(keyed: Keyed, text: str) -> None:
    made = keyed.key(role="write")
    before = state(keyed)
    reads: list[tuple[str, dict[str, str]]] = [
        *(("/admin/users", {name: text}) for name in ("after", "limit")),
        *(("/admin/keys", {name: text}) for name in ("after", "user_id")),
        *(("/admin/audit", {name: text}) for name in ("action", "actor", "target", "before", "format")),
        *(("/analytics/usage", {name: text}) for name in ("group", "key", "user", "window", "format")),
        *(("/analytics/summary", {name: text}) for name in ("window",)),
        *((f"/{room}/{text}", {}) for room in ("files", "jobs", "models", "admin/users", "admin/keys", "engines")),
        *(("/voices", {name: text}) for name in ("engine", "language")),
        *(("/files", {name: text}) for name in ("kind", "limit")),
    ]
    for path, asked in reads:
        assert keyed.admin.get(path, params=asked).status_code < 500, (path, asked)
    for body in ({"voice": text}, {"engine": text}, {"language": text}):
        assert keyed.admin.post("/tts", json={"text": "Hello", **body}).status_code in (200, 422)
    with keyed.client(made["key"]) as client:
        form = {"kind": "references", "name": text.replace("/", ""), "consent": text}
        stored = client.post("/files", files={"file": (text, encoded(tone(0.1)))}, data=form)
        if stored.status_code == 201:
            assert stored.json()["consent"] == text
            assert client.delete(f"/files/{stored.json()['id']}").json()["consent"] == text
        assert client.post("/conversation", json={"text": "Hello", "session": text}).status_code == 404
        assert client.get("/tts", params={"text": text}).status_code == 200
    assert keyed.admin.delete(f"/admin/users/{text}/data").status_code == 404
    assert keyed.admin.delete(f"/admin/keys/{text}").status_code == 404
    assert state(keyed) == before
