"""Users and keys over HTTP: made, shown once, changed by one at a time, rotated, revoked."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from stts.access.key_text import KeyText
from stts.access.keys import AccessKey, User
from stts.access.roles import Role
from stts.errors import DatabaseAway
from stts.storage.database.keys import Keys
from tests import patient
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("keys"))) as keyed:
        yield keyed


def test_who_am_i(keyed: Keyed) -> None:
    made = keyed.key(role="read", limits={"characters_per_month": 1000}, allowed_engines=["tone"])
    with keyed.client(made["key"]) as client:
        me = client.get("/me").json()
    assert me["kind"] == "key" and me["key_id"] == made["id"] and me["role"] == "read"
    assert me["limits"] == {"characters_per_month": 1000} and me["allowed_engines"] == ["tone"]
    assert keyed.admin.get("/me").json()["role"] == "admin"


def test_a_key_that_keeps_out_of_the_cache(keyed: Keyed) -> None:
    made = keyed.key(cache=False)
    assert made["cache"] is False and keyed.key()["cache"] is True
    path = f"/admin/keys/{made['id']}"
    rotated = keyed.admin.post(f"{path}/rotate").json()
    assert rotated["cache"] is False
    with keyed.client(rotated["key"]) as client:
        assert client.get("/me").json()["cache"] is False
        named = keyed.admin.patch(path, json={"version": rotated["version"], "name": "desk", "cache": None}).json()
        assert named["name"] == "desk" and named["cache"] is False, "what is not said stays"
        again = keyed.admin.patch(path, json={"version": named["version"], "cache": True}).json()
        assert again["cache"] is client.get("/me").json()["cache"] is True
    told = keyed.admin.get("/admin/audit", params={"target": made["id"], "action": "key.change"}).json()["entries"]
    assert told[0]["details"]["changes"] == {"cache": {"old": False, "new": True}}
    assert keyed.admin.patch(path, json={"version": again["version"], "cache": "maybe"}).status_code == 422
    assert "cache" in keyed.admin.get("/admin/keys").json()[0] and keyed.admin.get("/me").json()["cache"] is True


def test_each_subject_of_a_key_has_its_own_share_and_line_of_usage(keyed: Keyed) -> None:
    made = keyed.key(subjects={"characters_per_day": 12})
    assert made["subjects"] == {"characters_per_day": 12} and keyed.key()["subjects"] is None
    ask = {"text": "Hello", "engine": "tone", "format": "wav"}
    with keyed.client(made["key"]) as client:
        for subject, statuses in {"telegram:7": [200, 200, 429], "telegram:8": [200]}.items():
            named = {"X-Subject": subject}
            assert [client.post("/tts", json=ask, headers=named).status_code for _ in statuses] == statuses
        refused = client.post("/tts", json=ask, headers={"X-Subject": "telegram:7"})
        assert refused.json()["code"] == "quota_exceeded" and "of this subject" in refused.json()["detail"]
        me = client.get("/me", headers={"X-Subject": "telegram:7"}).json()
        assert me["subject"] == "telegram:7" and me["left"][0]["of"] == "subject" and me["left"][0]["left"] == 2
        used = {(each["unit"], each["period"]): each["amount"] for each in me["used"]}
        assert used["characters", "day"] == used["characters", "month"] == 10
        assert used["audio_seconds_out", "day"] > 0 and used["audio_seconds_in", "day"] == 0
        assert client.get("/me").json()["used"] == [] and client.get("/me").json()["subject"] is None
        assert client.post("/tts", json=ask).status_code == 200, "the key itself has no limit"
        assert client.get("/me", headers={"X-Subject": "no name"}).status_code == 422


def test_a_key_names_subjects_only_where_it_may(keyed: Keyed) -> None:
    made = keyed.key()
    path, named = f"/admin/keys/{made['id']}", {"X-Subject": "telegram:7"}
    with keyed.client(made["key"]) as client:
        refused = client.get("/voices", headers=named)
        assert refused.status_code == 403 and refused.json()["param"] == "X-Subject"
        changed = keyed.admin.patch(path, json={"version": made["version"], "subjects": {}}).json()
        assert changed["subjects"] == {} == client.get("/me", headers=named).json()["subjects"]
        again = keyed.admin.patch(path, json={"version": changed["version"], "subjects": None}).json()
        assert again["subjects"] is None and client.get("/voices", headers=named).status_code == 403
    told = keyed.admin.get("/admin/audit", params={"target": made["id"], "action": "key.change"}).json()["entries"]
    assert told[-1]["details"]["changes"] == {"subjects": {"old": {}, "new": {"limits": {}}}}


def test_a_key_is_shown_once(keyed: Keyed) -> None:
    made = keyed.key()
    text = KeyText.parse(made["key"].encode())
    assert text is not None and text.id == made["id"]
    shown = keyed.admin.get(f"/admin/keys/{made['id']}").text + keyed.admin.get("/admin/keys?limit=1000").text
    assert made["id"] in shown and text.secret.decode() not in shown and text.hash.hex() not in shown


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("read", {"/me": 200, "/voices": 200, "/v1/models": 200, "/tts?text=Hello": 403, "/admin/keys": 403}),
        ("write", {"/me": 200, "/tts?text=Hello": 200, "/admin/keys": 403, "/config": 403, "/metrics": 403}),
        ("admin", {"/me": 200, "/tts?text=Hello": 200, "/admin/keys": 200, "/metrics": 200}),
    ],
)
def test_roles(keyed: Keyed, role: str, statuses: dict[str, int]) -> None:
    with keyed.client(keyed.key(role=role)["key"]) as client:
        assert {path: client.get(path).status_code for path in statuses} == statuses


def test_a_write_key_cannot_raise_itself(keyed: Keyed) -> None:
    made = keyed.key(role="write")
    with keyed.client(made["key"]) as client:
        answers = [
            client.post("/admin/keys", json={"name": "x", "user_id": made["user_id"], "role": "admin"}),
            client.patch(f"/admin/keys/{made['id']}", json={"version": 1, "role": "admin"}),
            client.post(f"/admin/keys/{made['id']}/rotate"),
            client.delete(f"/admin/keys/{made['id']}"),
            client.post("/admin/users", json={"name": "x"}),
            client.get("/admin/users"),
            client.delete(f"/admin/users/{made['user_id']}"),
        ]
    assert {answer.status_code for answer in answers} == {403}
    assert answers[0].json()["code"] == "forbidden"
    assert keyed.admin.get(f"/admin/keys/{made['id']}").json()["role"] == "write"


def test_two_who_change_one_key(keyed: Keyed) -> None:
    made = keyed.key()
    path = f"/admin/keys/{made['id']}"
    first = keyed.admin.patch(path, json={"version": 1, "name": "first", "expires_at": 4_000_000_000})
    assert first.status_code == 200 and first.json()["version"] == 2
    second = keyed.admin.patch(path, json={"version": 1, "name": "second"})
    assert second.status_code == 409 and second.json()["code"] == "key_changed"
    assert second.json()["current"] == first.json()
    again = keyed.admin.patch(path, json={"version": 2, "expires_at": None, "limits": {"sessions": 0}})
    assert again.json()["name"] == "first" and again.json()["expires_at"] is None
    assert again.json()["limits"] == {"sessions": 0}


def test_rotation_with_overlap(keyed: Keyed) -> None:
    made = keyed.key()
    rotated = keyed.admin.post(f"/admin/keys/{made['id']}/rotate", json={"overlap_seconds": 3600}).json()
    for key in (made["key"], rotated["key"]):
        with keyed.client(key) as client:
            assert client.get("/me").json()["key_id"] == made["id"]
    last = keyed.admin.post(f"/admin/keys/{made['id']}/rotate").json()
    statuses = []
    for key in (made["key"], rotated["key"], last["key"]):
        with keyed.client(key) as client:
            statuses.append(client.get("/me").status_code)
    assert statuses == [401, 401, 200]


def test_a_revoked_key_opens_nothing(keyed: Keyed) -> None:
    made = keyed.key()
    assert keyed.admin.delete(f"/admin/keys/{made['id']}").json()["revoked_at"] is not None
    with keyed.client(made["key"]) as client:
        answer = client.get("/me")
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
    assert keyed.admin.post(f"/admin/keys/{made['id']}/rotate").status_code == 409
    assert keyed.admin.delete(f"/admin/keys/{made['id']}").status_code == 200


def test_deleting_a_user_ends_the_keys(keyed: Keyed) -> None:
    made = keyed.key()
    assert keyed.admin.delete(f"/admin/users/{made['user_id']}").status_code == 204
    with keyed.client(made["key"]) as client:
        assert client.get("/me").status_code == 401
    again = keyed.admin.post("/admin/keys", json={"name": "x", "user_id": made["user_id"]})
    assert again.status_code == 404 and again.json()["param"] == "user_id"


def test_an_expired_key_opens_nothing(keyed: Keyed) -> None:
    made = keyed.key(expires_at=time.time() - 1)
    with keyed.client(made["key"]) as client:
        assert client.get("/me").status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x" * 10_000},
        {"name": ""},
        {"name": "two\nlines"},
        {"role": "root"},
        {"role": 3},
        {"limits": {"requests_per_minute": -1}},
        {"limits": {"requests_per_minute": 10**30}},
        {"limits": {"wishes": 3}},
        {"limits": {"characters_per_day": 1.5}},
        {"expires_at": -5},
        {"expires_at": 1e300},
        {"allowed_addresses": ["everywhere"]},
        {"allowed_engines": ["x"] * 101},
        {"priority": "first"},
        {"secret_hash": "00"},
        {"user_id": "x" * 33},
    ],
)
def test_what_is_no_key_is_refused(keyed: Keyed, fields: dict[str, Any]) -> None:
    answer = keyed.admin.post("/admin/keys", json={"name": "ok", "user_id": "nobody", **fields})
    assert answer.status_code == 422, answer.text
    assert answer.json()["param"] and answer.json()["request_id"]


@pytest.mark.parametrize("text", ["'; DROP TABLE users; --", '" OR 1=1', "Ünï ☃", "%s %(x)s {0}"])
def test_strings_are_kept_as_they_are(keyed: Keyed, text: str) -> None:
    user = keyed.user(text)
    assert keyed.admin.get(f"/admin/users/{user}").json()["name"] == text
    assert keyed.admin.get("/admin/keys", params={"user_id": text}).json() == []
    assert keyed.admin.get(f"/admin/users/{text[:60]}").status_code == 404


@pytest.mark.parametrize("path", ["/admin/keys/nobody", "/admin/users/nobody"])
def test_what_is_not_there(keyed: Keyed, path: str) -> None:
    assert keyed.admin.get(path).status_code == keyed.admin.delete(path).status_code == 404
    assert patient.get(f"{keyed.server.url}{path}").status_code == 401


async def test_a_key_in_the_address_counts_only_where_that_is_allowed(keyed: Keyed) -> None:
    key = await asyncio.to_thread(keyed.key)
    assert patient.get(f"{keyed.server.url}/me?api_key={key['key']}").status_code == 401
    with pytest.raises(InvalidStatus):
        await patient.connect(f"ws{keyed.server.url[4:]}/ws/tts?api_key={key['key']}")


async def test_sockets_of_a_revoked_key_end(keyed: Keyed) -> None:
    made, other = await asyncio.to_thread(keyed.key), await asyncio.to_thread(keyed.key)
    address = f"ws{keyed.server.url[4:]}/ws/tts"
    async with (
        patient.connect(address, additional_headers={"X-API-Key": other["key"]}) as stays,
        patient.connect(address, additional_headers={"X-API-Key": made["key"]}) as ends,
    ):
        await asyncio.to_thread(keyed.admin.delete, f"/admin/keys/{made['id']}")
        events = []
        with pytest.raises(ConnectionClosedError):
            while True:
                events.append(json.loads(await ends.recv()))
        assert events[-1]["code"] == "unauthorized"
        assert ends.close_code == 1008
        await stays.send(json.dumps({"text": "Hello"}))
        assert await stays.recv()


def test_the_first_key_is_printed_once(tmp_path: Any, capfd: pytest.CaptureFixture[str]) -> None:
    from tests.fakes import registry
    from tests.server import running

    settings = keyed_settings(tmp_path)
    printed: list[str] = []
    for _ in range(2):
        with running(settings, registry()) as server:
            deadline, text = time.monotonic() + PATIENCE, ""
            # The database may be up a moment before the key is made.
            while "up" not in patient.get(f"{server.url}/ready").text or ("stts_" not in text and not printed):
                assert time.monotonic() < deadline
                text += capfd.readouterr().out
            printed.append(text + capfd.readouterr().out)
    first = next((line for line in printed[0].splitlines() if "stts_" in line), None)
    assert first is not None and "stts_" not in printed[1]
    assert Role.ADMIN.label in first


def test_the_first_key_is_printed_also_where_the_answer_to_its_making_was_lost(
    tmp_path: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes import registry
    from tests.server import running

    lost: list[str] = []
    add_first = Keys.add_first

    async def loses_its_answer(store: Keys, user: User, key: AccessKey) -> bool:
        is_kept = await add_first(store, user, key)
        if not lost:
            lost.append(key.id)
            raise DatabaseAway("The answer was lost.")
        return is_kept

    monkeypatch.setattr(Keys, "add_first", loses_its_answer)
    monkeypatch.setattr("routers.key_service.FOLLOW_SECONDS", 0.01)
    with running(keyed_settings(tmp_path), registry()):
        deadline, text = time.monotonic() + PATIENCE, ""
        while "stts_" not in text:
            assert time.monotonic() < deadline
            text += capfd.readouterr().out
    assert f"stts_{lost[0]}_" in text


def test_a_key_for_one_engine_and_one_voice(keyed: Keyed) -> None:
    made = keyed.key(allowed_engines=["tone"], allowed_voices=["high"])
    with keyed.client(made["key"]) as client:
        spoken = client.get("/tts?text=Hello")
        assert spoken.status_code == 200 and spoken.headers["x-voice"] == "high"
        assert client.get("/tts?text=Hello&voice=low").status_code == 403
        assert client.get("/tts?text=Hello&engine=espeak").json()["allowed"] == ["tone"]
        heard = client.post("/stt", files={"file": ("a.wav", b"RIFF")})
        assert heard.status_code == 403 and heard.json()["code"] == "forbidden"


async def test_a_key_for_one_engine_on_sockets(keyed: Keyed) -> None:
    made = await asyncio.to_thread(lambda: keyed.key(allowed_engines=["tone"]))
    headers = {"X-API-Key": made["key"]}
    async with patient.connect(f"ws{keyed.server.url[4:]}/ws/stt", additional_headers=headers) as socket:
        events = []
        with pytest.raises(ConnectionClosed):
            while True:
                events.append(json.loads(await socket.recv()))
    assert events[-1]["code"] == "forbidden"


def test_a_key_without_a_user_gets_one_of_its_name(keyed: Keyed) -> None:
    made = keyed.admin.post("/admin/keys", json={"name": "kitchen"}).json()
    assert keyed.admin.get(f"/admin/users/{made['user_id']}").json()["name"] == "kitchen"
