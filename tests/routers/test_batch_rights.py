"""Whose rights a job works with, and removal of a user's jobs by a server that never had one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from stts.settings import DatabaseSettings, JobSettings, SecuritySettings
from tests import patient
from tests.fakes import NO_FALL_BACK, registry
from tests.keyed import keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.server import running

pytestmark = pytest.mark.socket

LONG = [f"{number} " * 300 for number in range(60)]


def state_of(http: httpx.Client, job_id: str, *states: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while (job := http.get(f"/jobs/{job_id}").json())["state"] not in states:
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    found: dict[str, Any] = job
    return found


def begun(http: httpx.Client, texts: list[str]) -> str:
    answer = http.post("/jobs/speech", json={"items": texts})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_a_job_of_an_open_server_does_not_go_on_without_a_key_where_one_is_wanted(tmp_path: Path) -> None:
    settings = keyed_settings(tmp_path, jobs=JobSettings(lease_seconds=1), routing=NO_FALL_BACK)
    opened = settings.model_copy(update={"security": SecuritySettings()})
    with running(opened, registry()) as server, patient.Client(base_url=server.url) as http:
        job_id = begun(http, LONG)
        http.post(f"/jobs/{job_id}/pause")
    with keyed_server(settings) as keyed, keyed.client(keyed.key(role="write")["key"]) as other:
        assert other.get(f"/jobs/{job_id}").status_code == 404
        assert keyed.admin.post(f"/jobs/{job_id}/resume").json()["state"] == "running"
        assert state_of(keyed.admin, job_id, "done")["items"]["failed"] == 0
    with running(opened, registry()) as server, patient.Client(base_url=server.url) as http:
        job_id = begun(http, [f"Other {text}" for text in LONG])
        assert http.get(f"/jobs/{job_id}").json()["state"] == "running"
    with keyed_server(settings) as keyed:
        resting = state_of(keyed.admin, job_id, "paused")
        assert resting["error"]["code"] == "unauthorized" and "without a key" in resting["error"]["detail"]


def test_an_administrator_who_resumes_a_job_lends_it_no_rights(tmp_path: Path) -> None:
    with keyed_server(keyed_settings(tmp_path, routing=NO_FALL_BACK)) as keyed:
        made = keyed.key(role="write")
        with keyed.client(made["key"]) as http:
            job_id = begun(http, LONG)
        assert keyed.admin.post(f"/jobs/{job_id}/pause").json()["state"] == "paused"
        assert keyed.admin.delete(f"/admin/keys/{made['id']}").status_code < 300
        assert keyed.admin.post(f"/jobs/{job_id}/resume").json()["state"] == "running"
        assert state_of(keyed.admin, job_id, "paused")["error"]["code"] == "unauthorized"


def test_a_server_that_never_had_a_job_removes_those_of_a_user_from_the_database(tmp_path: Path) -> None:
    shared = DatabaseSettings(url=f"sqlite:///{tmp_path / 'shared.db'}", timeout_seconds=60)
    one, two = (keyed_settings(tmp_path / name, database=shared, routing=NO_FALL_BACK) for name in ("one", "two"))
    with keyed_server(one) as first, keyed_server(two) as second:
        made = first.key(role="write")
        with first.client(made["key"]) as http:
            job_id = begun(http, ["Hello."])
            state_of(http, job_id, "done")
            removed = second.admin.delete(f"/admin/users/{made['user_id']}/data").json()
            assert removed["jobs"] == 1
            assert http.get(f"/jobs/{job_id}").status_code == 404
        deadline = time.monotonic() + PATIENCE
        while (tmp_path / "one" / "jobs" / job_id).exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
