"""An administrator has what a user left removed: it is counted, and nothing of others goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from stts.settings import TTSSettings
from tests.audio import encoded, tone
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    settings = keyed_settings(tmp_path_factory.mktemp("personal"), tts=TTSSettings(order=("cloner",)))
    with keyed_server(settings, registry(cloner="tests.fakes:ClonerEngine")) as keyed:
        yield keyed


def upload(http: httpx.Client, name: str, kind: str) -> dict[str, Any]:
    made = http.post("/files", files={"file": (name, encoded(tone(0.2)))}, data={"kind": kind})
    assert made.status_code == 201, made.text
    shape: dict[str, Any] = made.json()
    return shape


def live(http: httpx.Client) -> str:
    """Leaves some of everything; tells the id of a session."""
    voice = upload(http, "anna", "references")
    upload(http, "call", "uploads")
    assert http.post("/tts", json={"text": "Hello", "voice": voice["name"], "save": True}).status_code == 200
    secret = http.post(
        "/v1/realtime/client_secrets", json={"session": {"type": "realtime", "instructions": "Be kind."}}
    )
    assert secret.status_code == 200, secret.text
    told = http.post("/conversation", json={"text": "Hello", "stream": False})
    return str(told.json()["session"])


def wait_for_usage(keyed: Keyed, user_id: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while user_id not in keyed.admin.get("/analytics/usage?group=user").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("is_deleted", [False, True])
def test_all_that_a_user_left_goes(keyed: Keyed, is_deleted: bool) -> None:
    made, other = keyed.key(role="write"), keyed.key(role="write")
    user_id = made["user_id"]
    with keyed.client(made["key"]) as http, keyed.client(other["key"]) as others:
        session, kept = live(http), live(others)
        wait_for_usage(keyed, user_id)
        if is_deleted:
            assert keyed.admin.delete(f"/admin/users/{user_id}").status_code == 204
        removed = keyed.admin.delete(f"/admin/users/{user_id}/data")
        counts = removed.json()
        assert removed.status_code == 200 and counts.pop("usage_rows") > 0
        assert counts == {
            "voices": 1, "consents": 0, "uploads": 1, "outputs": 1, "jobs": 0, "sessions": 1, "client_secrets": 1
        }  # fmt: skip
        again = keyed.admin.delete(f"/admin/users/{user_id}/data").json()
        assert set(again.values()) == {0}
        if not is_deleted:
            assert http.get("/files").json()["total"] == 0
            assert http.post("/conversation", json={"text": "And?", "session": session}).status_code == 404
        assert others.get("/files").json()["total"] == 3
        assert others.post("/conversation", json={"text": "And?", "session": kept}).status_code == 200
    names = [path.name for path in Path(keyed.settings.storage.root).rglob("*")]
    assert not [name for name in names if user_id in name]
    assert user_id not in keyed.admin.get("/analytics/usage?group=user").text
    entries = keyed.admin.get("/admin/audit", params={"target": user_id, "action": "user.data_remove"}).json()[
        "entries"
    ]
    assert [entry["details"]["voices"] for entry in entries] == [0, 1]
    assert all(isinstance(each, int | str) for entry in entries for each in entry["details"].values())


def test_a_user_that_never_was(keyed: Keyed) -> None:
    assert keyed.admin.delete("/admin/users/nobody/data").status_code == 404
    with keyed.client(keyed.key(role="write")["key"]) as http:
        assert http.delete("/admin/users/nobody/data").status_code == 403


def test_an_upload_that_began_before_leaves_nothing(keyed: Keyed) -> None:
    made = keyed.key(role="write")
    form = b'--b\r\ncontent-disposition: form-data; name="file"; filename="call.wav"\r\n\r\n%b\r\n--b--\r\n'
    body = form % encoded(tone(0.2))
    address = urlsplit(str(keyed.admin.base_url))
    connection = HTTPConnection(address.netloc, timeout=PATIENCE)
    connection.putrequest("POST", "/files")
    for name, value in (
        ("x-api-key", made["key"]),
        ("content-type", "multipart/form-data; boundary=b"),
        ("content-length", str(len(body))),
        ("expect", "100-continue"),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    assert b" 100 " in connection.sock.recv(100), "its body is read, so it was admitted"
    assert keyed.admin.delete(f"/admin/users/{made['user_id']}/data").status_code == 200
    connection.send(body)
    assert connection.getresponse().status == 507
    connection.close()
    assert not list(Path(keyed.settings.storage.root).rglob(f"*{made['user_id']}*"))
