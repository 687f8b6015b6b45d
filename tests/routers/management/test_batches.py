"""Jobs of many texts over HTTP: checked before they begin, followed, stopped, and seen by their owner alone."""

from __future__ import annotations

import io
import json
import time
import wave
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from stts.settings import CacheSettings, EngineSettings, JobSettings, LimitSettings
from tests.fakes import NO_FALL_BACK
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket

SLOW = {"text": "slow " * 90, "voice": "high"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    settings = keyed_settings(
        tmp_path_factory.mktemp("batches"),
        jobs=JobSettings(unfinished=3, at_once=2),
        limits=LimitSettings(text_characters=2000, json_bytes=600_000),
        engines=EngineSettings(options={"tone": {"fail_on": "explode", "speed": 500}}),
        routing=NO_FALL_BACK,
        cache=CacheSettings(enabled=True),
    )
    with keyed_server(settings) as keyed:
        yield keyed


@pytest.fixture
def http(keyed: Keyed) -> Iterator[httpx.Client]:
    """A client of a user of its own."""
    with keyed.client(keyed.key(role="write")["key"]) as http:
        yield http


def begin(http: httpx.Client, items: list[Any], **fields: Any) -> dict[str, Any]:
    answer = http.post("/jobs/speech", json={"items": items, **fields})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    return job


def events(http: httpx.Client, job_id: str, **headers: str) -> list[tuple[str, int, dict[str, Any]]]:
    """Name, number and body of each event until the job has ended."""
    told: list[tuple[str, int, dict[str, Any]]] = []
    with http.stream("GET", f"/jobs/{job_id}/events", headers=headers) as stream:
        assert stream.status_code == 200
        name, number = "job", -1
        for line in stream.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                number = int(value)
            elif field == "data":
                told.append((name, number, json.loads(value)))
                name = "job"
    return told


def ended(http: httpx.Client, job_id: str) -> dict[str, Any]:
    return events(http, job_id)[-1][2]


def state_of(http: httpx.Client, job_id: str, *states: str) -> dict[str, Any]:
    """The job, once it is in one of these states."""
    deadline = time.monotonic() + PATIENCE
    while (job := http.get(f"/jobs/{job_id}").json())["state"] not in states:
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    found: dict[str, Any] = job
    return found


def test_texts_are_spoken_each_as_it_is_asked_for(http: httpx.Client) -> None:
    job = begin(http, ["Hello.", {"text": "Bye, bye.", "voice": "high", "format": "mp3", "name": "end"}], name="two")
    assert (job["kind"], job["subject"], job["items"]["total"]) == ("speech", "two", 2)
    done = ended(http, job["id"])
    assert (done["state"], done["items"]["done"], done["part"]) == ("done", 2, 1.0)
    first, second = http.get(f"/jobs/{job['id']}/items").json()["items"]
    assert (first["voice"], second["voice"], second["name"], second["media_type"]) == (
        "low", "high", "end", "audio/mpeg"
    )  # fmt: skip
    audio = http.get(f"/jobs/{job['id']}/items/0/content")
    assert audio.headers["content-type"] == "audio/wav" and len(audio.content) == first["bytes"]
    with wave.open(io.BytesIO(audio.content)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(first["seconds"], abs=0.01)
    part = http.get(f"/jobs/{job['id']}/items/0/content", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert job["id"] in [each["id"] for each in http.get("/jobs").json()]


def test_lines_of_json_are_items(http: httpx.Client) -> None:
    padded = [json.dumps({"text": f"Number {number}."}).encode().ljust(4500) for number in range(140)]
    lines = b"\n".join(padded) + b"\n\n"
    assert len(lines) > 600_000, "longer than JSON may be"
    answer = http.post(
        "/jobs/speech",
        params={"name": "lines", "format": "mp3"},
        content=lines,
        headers={"content-type": "application/jsonl"},
    )
    assert (answer.status_code, answer.json()["items"]["total"]) == (202, 140), answer.text
    job_id = answer.json()["id"]
    numbers = [body["number"] for name, _, body in events(http, job_id) if name == "item"]
    assert sorted(numbers) == list(range(140))
    page = http.get(f"/jobs/{job_id}/items?after=99&limit=5").json()
    assert [each["number"] for each in page["items"]] == [100, 101, 102, 103, 104] and page["after"] == 104
    assert http.get(f"/jobs/{job_id}/items?after=138").json()["after"] is None


def test_events_go_on_behind_the_last_one_that_was_read(http: httpx.Client) -> None:
    job = begin(http, [f"Text {number}." for number in range(12)])
    told = events(http, job["id"])
    items = [(number, body["number"]) for name, number, body in told if name == "item"]
    assert [number for number, _ in items] == sorted({number for number, _ in items}) and len(items) == 12
    middle = items[4][0]
    again = events(http, job["id"], **{"Last-Event-ID": str(middle)})
    assert [(number, body["number"]) for name, number, body in again if name == "item"] == items[5:]
    assert again[-1][2]["state"] == "done"
    assert [name for name, _, _ in events(http, job["id"], **{"Last-Event-ID": str(told[-1][1])})] == ["job"]


@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        (" ", "invalid_text", "items[1].text"),
        ("x" * 2001, "text_too_long", "items[1].text"),
        ({"text": "Hello", "voice": "nobody", "engine": "tone"}, "unknown_voice", "items[1].voice"),
        ({"text": "Hello", "engine": "nothing"}, "unknown_engine", "items[1].engine"),
        ({"text": "Hello", "speed": 90}, "invalid_request", "items[1].speed"),
        ({"voice": "high"}, "invalid_request", "items[1].text"),
        (17, "invalid_request", "items[1]"),
    ],
)
def test_an_item_that_cannot_be_done_is_named_before_the_job_begins(
    http: httpx.Client, item: object, code: str, param: str
) -> None:
    answer = http.post("/jobs/speech", json={"items": ["Hello.", item, "Bye."]})
    assert (answer.status_code, answer.json()["code"], answer.json()["param"]) == (422, code, param), answer.text
    assert "Item 1" in answer.json()["detail"]
    assert http.get("/jobs").json() == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"items": []}', "application/json", 422),
        (b'{"items": "Hello"}', "application/json", 422),
        (b"{", "application/json", 422),
        (b'{"text": "Hello."}\n{"text": \n', "application/jsonl", 400),
        (b"", "application/jsonl", 422),
        (b"Hello", "text/csv", 422),
        (b'{"items": ["' + b"x" * 600_000 + b'"]}', "application/json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(http: httpx.Client, content: bytes, kind: str, status: int) -> None:
    answer = http.post("/jobs/speech", content=content, headers={"content-type": kind})
    assert answer.status_code == status, answer.text
    assert http.get("/jobs").json() == []


def test_numbers_and_names_that_no_database_has_are_refused(http: httpx.Client) -> None:
    job = begin(http, ["Hello."])
    path, much = f"/jobs/{job['id']}", 10**30
    assert ended(http, job["id"])["state"] == "done"
    for query in (f"/items?after={much}", f"/items?after={2**31}", f"/items/{2**31}/content", f"/events?after={2**63}"):
        assert http.get(path + query).status_code == 422, query
    assert http.get(f"{path}/items?after={2**31 - 1}").json()["items"] == []
    assert http.get(f"{path}/events", headers={"last-event-id": str(much)}).status_code == 422
    assert http.get("/jobs/a%00b").status_code == 422
    for body in ({"items": ["Hello."], "name": "a\0b"}, {"items": [{"text": "Hello.", "name": "one\ntwo"}]}):
        refused = http.post("/jobs/speech", json=body)
        assert refused.status_code == 422 and "name" in refused.json()["param"]
    form = {"file": ("a%0Ab.jsonl", b'{"text": "Hello."}', "application/jsonl")}
    assert http.post("/jobs/speech", files=form).status_code == 422
    assert [each["id"] for each in http.get("/jobs").json()] == [job["id"]]


def test_what_fails_is_told_with_its_reason_and_tried_again(http: httpx.Client) -> None:
    job = begin(http, ["Hello.", "They explode here."])
    done = ended(http, job["id"])
    assert (done["state"], done["items"]["done"], done["items"]["failed"]) == ("done", 1, 1)
    [failed] = http.get(f"/jobs/{job['id']}/items?state=failed").json()["items"]
    assert failed["number"] == 1 and failed["error"]["code"] and "explode" not in json.dumps(failed)
    refused = http.get(f"/jobs/{job['id']}/items/1/content")
    assert refused.status_code == 409 and failed["error"]["code"] in refused.json()["detail"]
    again = http.post(f"/jobs/{job['id']}/retry").json()
    assert (again["state"], again["items"]["waiting"]) == ("running", 1)
    assert ended(http, job["id"])["items"]["failed"] == 1


def test_a_job_whose_items_all_fail_has_failed(http: httpx.Client) -> None:
    job = begin(http, ["explode", "explode again"])
    failed = ended(http, job["id"])
    assert failed["state"] == "failed" and "All items failed" in failed["error"]["detail"]


def test_a_job_is_paused_and_goes_on(http: httpx.Client) -> None:
    job = begin(http, [SLOW] * 2 + [{**SLOW, "text": f"{number} " * 300} for number in range(40)])
    paused = http.post(f"/jobs/{job['id']}/pause").json()
    assert paused["state"] == "paused" and paused["items"]["waiting"] > 0
    done = paused["items"]["done"]
    assert http.get(f"/jobs/{job['id']}").json()["items"]["done"] == done
    assert http.post(f"/jobs/{job['id']}/retry").status_code == 409
    assert http.post(f"/jobs/{job['id']}/resume").json()["state"] == "running"
    assert ended(http, job["id"])["items"]["done"] == 42


def test_a_cancelled_job_keeps_what_is_done_until_it_is_removed(http: httpx.Client) -> None:
    job = begin(http, ["First."] + [{**SLOW, "text": f"{number} " * 300} for number in range(200)])
    deadline = time.monotonic() + PATIENCE
    while http.get(f"/jobs/{job['id']}").json()["items"]["done"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    cancelled = http.delete(f"/jobs/{job['id']}").json()
    assert cancelled["state"] == "cancelled" and cancelled["items"]["waiting"] > 0
    assert http.get(f"/jobs/{job['id']}/items/0/content").status_code == 200
    assert http.get(f"/jobs/{job['id']}/items/200/content").status_code == 409
    assert http.get(f"/jobs/{job['id']}/items/201/content").status_code == 404
    assert http.post(f"/jobs/{job['id']}/resume").status_code == 409
    assert http.delete(f"/jobs/{job['id']}?remove=true").json()["state"] == "cancelled"
    assert http.get(f"/jobs/{job['id']}").status_code == 404


def test_others_do_not_see_it_and_administrators_do(keyed: Keyed, http: httpx.Client) -> None:
    job = begin(http, ["Mine."])
    ended(http, job["id"])
    with keyed.client(keyed.key(role="write")["key"]) as other:
        for method, path in (
            ("GET", ""), ("GET", "/items"), ("GET", "/items/0/content"), ("GET", "/events"), ("DELETE", ""),
            ("POST", "/pause"), ("POST", "/resume"), ("POST", "/retry"),
        ):  # fmt: skip
            assert other.request(method, f"/jobs/{job['id']}{path}").status_code == 404, path
        assert other.get("/jobs").json() == []
    assert job["owner"] is not None and keyed.admin.get(f"/jobs/{job['id']}").json()["owner"] == job["owner"]
    with keyed.client(keyed.key(role="read")["key"]) as reader:
        assert reader.post("/jobs/speech", json={"items": ["Hello."]}).status_code == 403


def status_without_body(http: httpx.Client, path: str) -> int:
    """The status of a request whose body never comes."""
    connection = HTTPConnection(http.base_url.netloc.decode(), timeout=PATIENCE)
    with closing(connection):
        connection.putrequest("POST", path)
        for name, value in (("content-type", "application/json"), ("content-length", "100")):
            connection.putheader(name, value)
        connection.putheader("x-api-key", http.headers["x-api-key"])
        connection.endheaders()
        return connection.getresponse().status


def test_a_key_has_so_many_jobs_that_have_not_ended(http: httpx.Client) -> None:
    jobs = [begin(http, [{**SLOW, "text": f"{number} {each} " * 150} for each in range(300)]) for number in range(3)]
    refused = http.post("/jobs/speech", json={"items": ["One more."]})
    assert refused.status_code == 429 and "retry-after" in refused.headers
    assert status_without_body(http, "/jobs/speech") == status_without_body(http, "/jobs/transcription") == 429
    for job in jobs:
        assert http.delete(f"/jobs/{job['id']}?remove=true").status_code == 200
    begin(http, ["One more."])


def times_spoken(keyed: Keyed, characters: int) -> int:
    """How often a text of such a length was spoken: what other tests have left on its way has another one."""
    answer = keyed.admin.get("/analytics/operations?order=newest&limit=200").json()
    return [row["characters"] for row in answer["operations"]].count(characters)


def test_the_same_text_is_spoken_once_in_a_job(keyed: Keyed, http: httpx.Client) -> None:
    own = SLOW | {"text": "slow " * 91 + "indeed"}
    job = begin(http, [own] * 250 + ["Another one."] + [own])
    assert ended(http, job["id"])["items"]["done"] == 252
    assert times_spoken(keyed, len(own["text"])) == 1
    items = http.get(f"/jobs/{job['id']}/items?limit=1000").json()["items"]
    for number in (0, 1, 249, 251):
        content = http.get(f"/jobs/{job['id']}/items/{number}/content").content
        assert len(content) == items[number]["bytes"] == items[0]["bytes"]


def test_jobs_are_listed_in_pages(http: httpx.Client) -> None:
    jobs = [ended(http, begin(http, [f"Number {number}."])["id"]) for number in range(5)]
    newest = [job["id"] for job in reversed(jobs)]
    first = http.get("/jobs?limit=2").json()
    second = http.get("/jobs", params={"limit": 2, "before": first[-1]["started"]}).json()
    last = http.get("/jobs", params={"limit": 2, "before": second[-1]["started"]}).json()
    assert [job["id"] for job in first + second + last] == newest
    for query in ("limit=0", "limit=1001", "before=nan", "before=inf", "before=yesterday"):
        assert http.get(f"/jobs?{query}").status_code == 422, query


def test_each_of_the_same_text_is_tried_where_it_fails(http: httpx.Client) -> None:
    job = begin(http, ["They explode.", "Fine."] + ["They explode."] * 20)
    assert ended(http, job["id"])["items"] == {"total": 22, "waiting": 0, "done": 1, "failed": 21}


def test_what_was_spoken_once_is_not_spoken_again(keyed: Keyed, http: httpx.Client) -> None:
    texts = [f"Chapter {number} of a book, which is told once, and not again." for number in range(8)]
    anew = "Chapter 3 of a book, which is written anew, and then told again."
    first = ended(http, begin(http, texts)["id"])
    second = ended(http, begin(http, [*texts[:3], anew, *texts[4:]])["id"])
    assert second["items"]["done"] == 8
    assert [times_spoken(keyed, len(text)) for text in (texts[0], anew)] == [8, 1]
    one, two = (http.get(f"/jobs/{job['id']}/items/5/content").content for job in (first, second))
    assert one == two


def test_a_job_uses_the_cache_and_leaves_nothing_in_it(keyed: Keyed, http: httpx.Client) -> None:
    def state_at_a_client() -> str:
        return http.post("/tts", json={"text": "Read out by a job. Twice, even."}).headers["x-cache"]

    def entries() -> int:
        return sum(tier["entries"] for tier in keyed.admin.get("/cache").json()["tiers"])

    before, job = entries(), begin(http, ["Read out by a job. Twice, even."])
    assert ended(http, job["id"])["state"] == "done"
    assert entries() == before
    assert [state_at_a_client(), state_at_a_client()] == ["MISS", "HIT"]


def test_a_quota_that_is_used_up_lets_the_job_rest(keyed: Keyed) -> None:
    with keyed.client(keyed.key(role="write", limits={"characters_per_day": 120})["key"]) as http:
        job = begin(http, [f"A text of thirty characters {number:02}." for number in range(9)])
        resting = state_of(http, job["id"], "paused")
        assert resting["error"]["code"] == "quota_exceeded" and resting["resumes_at"] > time.time()
        assert 0 < resting["items"]["done"] < 9 and resting["items"]["failed"] == 0


def test_a_key_that_ends_lets_its_job_rest_and_another_of_the_user_goes_on(keyed: Keyed) -> None:
    made = keyed.key(role="write")
    another = keyed.key(role="write", user_id=made["user_id"])
    with keyed.client(made["key"]) as http:
        job = begin(http, [{**SLOW, "text": f"{number} " * 300} for number in range(60)])
    assert keyed.admin.delete(f"/admin/keys/{made['id']}").status_code < 300
    with keyed.client(another["key"]) as http:
        assert state_of(http, job["id"], "paused")["error"]["code"] == "unauthorized"
        assert http.post(f"/jobs/{job['id']}/resume").json()["state"] == "running"
        assert ended(http, job["id"])["items"]["done"] == 60


def test_jobs_of_a_user_go_with_its_data(keyed: Keyed) -> None:
    made = keyed.key(role="write")
    with keyed.client(made["key"]) as http:
        done = ended(http, begin(http, ["Hello."])["id"])
        running = begin(http, [{**SLOW, "text": f"{number} " * 300} for number in range(300)])
        deadline = time.monotonic() + PATIENCE
        while http.get(f"/jobs/{running['id']}").json()["items"]["done"] == 0:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        removed = keyed.admin.delete(f"/admin/users/{made['user_id']}/data").json()
        assert removed["jobs"] == 2
        for job in (done, running):
            assert http.get(f"/jobs/{job['id']}").status_code == 404
    root = Path(keyed.settings.storage.root)
    assert not [path for path in root.rglob("*") for job in (done, running) if job["id"] in str(path)]
