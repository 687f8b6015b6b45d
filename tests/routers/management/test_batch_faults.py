"""Jobs of many texts and what goes wrong: a server killed twice, results without room. Nothing is lost or doubled."""

from __future__ import annotations

import io
import json
import sqlite3
import time
import wave
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.server import Server, running_in
from stts.settings import JobSettings, Settings, StorageSettings, TTSSettings
from tests import patient
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import running

pytestmark = [pytest.mark.socket, pytest.mark.long]

COUNT = 150
AT_ONCE = 2
SETTINGS = {
    "tts": {"order": ["paced"]},
    "jobs": {"lease_seconds": 1, "at_once": AT_ONCE},
    "database": {"timeout_seconds": 60},
}


def client_of(server: Server) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=PATIENCE)


def until(look: Callable[[], dict[str, Any]], is_right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while not is_right(job := look()):
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return job


def test_nothing_is_lost_or_doubled_by_two_kills(tmp_path: Path) -> None:
    engines = {"engines": {"options": {"paced": {"speed": 60.0, "trace": str(tmp_path / "trace")}}}}
    settings = {**SETTINGS, **engines}
    texts = [f"This is sentence number {number} of a book." for number in range(COUNT)]
    done, marked, job_id = 0, 0, ""
    for _ in range(2):
        with running_in(tmp_path, settings) as server, client_of(server) as http:
            if not job_id:
                job_id = http.post("/jobs/speech", json={"items": texts}).json()["id"]
            found = until(
                lambda: http.get(f"/jobs/{job_id}").json(),  # noqa: B023 - called before the next round
                lambda job: job["items"]["done"] > done + 10,  # noqa: B023 - as above
            )
            server.process.kill()
            assert found["state"] == "running" and found["items"]["total"] == COUNT
            done = found["items"]["done"]
        begun, before, marked = starts(tmp_path), marked, done_in(tmp_path)
        assert done <= marked <= before + begun, "what is marked was spoken"
    assert marked < COUNT - 10
    with running_in(tmp_path, settings) as server, client_of(server) as http:
        check_whole(http, job_id)
        spoken = operations(http)
    assert spoken == COUNT - marked, "what was marked as done is not spoken again, and the rest once"
    results = [path for path in (tmp_path / "data" / "jobs" / job_id).rglob("*") if path.is_file()]
    assert len(results) == COUNT


def done_in(folder: Path) -> int:
    """Items that the database of a server that is dead has marked as done."""
    with closing(sqlite3.connect(folder / "data" / "stts.db")) as connection:
        count: int = connection.execute("SELECT count(*) FROM batch_items WHERE state = 'done'").fetchone()[0]
    return count


def starts(folder: Path) -> int:
    """Calls of the engine since this was asked last."""
    trace = folder / "trace"
    count = sum(line.startswith("start") for line in trace.read_text(encoding="utf-8").splitlines())
    trace.unlink()
    return count


def operations(http: httpx.Client) -> int:
    """Texts that this server has spoken since it was started."""
    lines = [line for line in http.get("/metrics").text.splitlines() if line.startswith("stts_operations_total{")]
    return int(sum(float(line.rpartition(" ")[2]) for line in lines if 'type="tts"' in line))


def check_whole(http: httpx.Client, job_id: str) -> None:
    """Every item has ended once, and each result is a whole file of the length that is told."""
    with http.stream("GET", f"/jobs/{job_id}/events") as stream:
        data = [line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: ")]
    ends: list[dict[str, Any]] = [json.loads(each) for each in data]
    job = ends.pop()
    items = [end for end in ends if "number" in end]
    assert sorted(item["number"] for item in items) == list(range(COUNT))
    assert (job["state"], job["items"]) == ("done", {"total": COUNT, "waiting": 0, "done": COUNT, "failed": 0})
    for item in items:
        content = http.get(f"/jobs/{job_id}/items/{item['number']}/content").content
        with wave.open(io.BytesIO(content)) as file:
            assert file.getnframes() / file.getframerate() == pytest.approx(item["seconds"], abs=0.01)
            assert len(file.readframes(file.getnframes())) == 2 * file.getnframes()


def test_a_job_rests_while_its_results_have_no_room(tmp_path: Path) -> None:
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        storage=StorageSettings(root=str(tmp_path)),
        jobs=JobSettings(bytes=60_000, at_once=1),
    )
    with running(settings, registry()) as server, patient.Client(base_url=server.url) as http:
        job = http.post("/jobs/speech", json={"items": [f"{number} " * 50 for number in range(5)]}).json()
        path = f"/jobs/{job['id']}"
        resting = until(lambda: http.get(path).json(), lambda job: bool(job["state"] == "paused"))
        assert resting["error"]["code"] == "storage_full" and "jobs.bytes" in resting["error"]["detail"]
        assert resting["items"]["failed"] == 0 and 0 < resting["items"]["done"] < 5
        assert resting["resumes_at"] > time.time()
        again = http.post(f"{path}/resume").json()
        assert again["state"] == "running" and again["error"] is None
        until(lambda: http.get(path).json(), lambda job: bool(job["state"] == "paused"))
