"""Subjects of a key over HTTP: who used how much, and limits of one of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.keyed import Keyed, keyed_server, keyed_settings

pytestmark = pytest.mark.socket
ASK = {"text": "Hello", "engine": "tone", "format": "wav"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("keys"))) as keyed:
        yield keyed


def test_who_used_most_comes_first_with_sums_and_limits(keyed: Keyed) -> None:
    made = keyed.key(subjects={"characters_per_day": 12})
    path = f"/admin/keys/{made['id']}/subjects"
    assert keyed.admin.get(path).json() == []
    with keyed.client(made["key"]) as client:
        for subject in ("telegram:7", "telegram:8", "telegram:8"):
            assert client.post("/tts", json=ASK, headers={"X-Subject": subject}).status_code == 200
    first, second = keyed.admin.get(path).json()
    assert (first["name"], second["name"]) == ("telegram:8", "telegram:7")
    used = {(each["unit"], each["period"]): each["amount"] for each in first["used"]}
    assert used["characters", "day"] == used["characters", "month"] == 10 and used["audio_seconds_out", "day"] > 0
    assert ("audio_seconds_in", "day") not in used
    assert first["limits"] == {"characters_per_day": 12} and not first["own_limits"]
    wanted: dict[str, str | int] = {"limit": 1, "unit": "audio_seconds_out", "period": "day"}
    assert [each["name"] for each in keyed.admin.get(path, params=wanted).json()] == ["telegram:8"]


def test_one_subject_has_limits_of_its_own(keyed: Keyed) -> None:
    made = keyed.key(subjects={"characters_per_day": 5})
    path = f"/admin/keys/{made['id']}/subjects"

    def statuses(client: object, subject: str, count: int) -> list[int]:
        return [client.post("/tts", json=ASK, headers={"X-Subject": subject}).status_code for _ in range(count)]  # type: ignore[attr-defined]

    with keyed.client(made["key"]) as client:
        assert statuses(client, "anna", 2) == [200, 429]
        raised = keyed.admin.put(f"{path}/ben", json={"characters_per_day": 10})
        assert raised.json() == {
            "name": "ben",
            "limits": {"characters_per_day": 10},
            "own_limits": True,
            "used": [],
        }
        assert statuses(client, "ben", 3) == [200, 200, 429]
        assert keyed.admin.put(f"{path}/carl", json={"requests_per_minute": 0}).status_code == 200
        assert statuses(client, "carl", 1) == [429]
        listed = {each["name"]: each["own_limits"] for each in keyed.admin.get(path).json()}
        assert listed == {"anna": False, "ben": True, "carl": True}
        assert keyed.admin.delete(f"{path}/carl").status_code == 204
        assert statuses(client, "carl", 1) == [200]
        me = client.get("/me", headers={"X-Subject": "ben"}).json()
        assert {each["limit"]: each["left"] for each in me["left"]} == {"characters_per_day": 0}
    rotated = keyed.admin.post(f"/admin/keys/{made['id']}/rotate").json()
    assert keyed.admin.get(path).json()[0]["limits"] == {"characters_per_day": 10} and rotated["subjects"]
    told = keyed.admin.get("/admin/audit", params={"target": made["id"], "action": "key.change"}).json()["entries"]
    assert told[-1]["details"]["changes"] == {"subject_limits": {"old": {}, "new": {"ben": {"characters_per_day": 10}}}}


def test_what_cannot_be_is_refused(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    silent, naming = keyed.key(), keyed.key(subjects={})
    path = f"/admin/keys/{naming['id']}/subjects"
    assert keyed.admin.put(f"/admin/keys/{silent['id']}/subjects/anna", json={}).status_code == 409
    assert keyed.admin.put("/admin/keys/0123/subjects/anna", json={}).status_code == 404
    assert keyed.admin.get("/admin/keys/0123/subjects").status_code == 404
    for wrong in ({"characters": 1}, {"characters_per_day": -1}, None):
        assert keyed.admin.put(f"{path}/anna", json=wrong).status_code == 422
    refused = keyed.admin.put(f"{path}/no%20name", json={})
    assert refused.status_code == 422 and refused.json()["param"] == "name"
    monkeypatch.setattr("stts.access.administration.MOST_SUBJECT_LIMITS", 1)
    assert [keyed.admin.put(f"{path}/{name}", json={}).status_code for name in ("a", "a", "b")] == [200, 200, 409]
    with keyed.client(naming["key"]) as client:
        assert client.get(path).status_code == 403
