"""Traces of a running server, as a real receiver gets them: one an operation, from the edge to the engine's process."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from stts.settings import RoutingSettings, SecuritySettings, TTSSettings
from stts.telemetry import delivery
from tests import patient
from tests.fakes import registry
from tests.receiver import Receiver, check_nested, inside
from tests.routers.tracing.traced import PARENT, TEXT, roots, settings, speak
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket


def test_a_request_is_one_trace_down_to_the_process_of_its_engine(traced: RunningServer, receiver: Receiver) -> None:
    before = time.time()
    answer = speak(traced, **{"x-request-id": "request-1"})
    after = time.time()
    assert answer.status_code == 200
    spans = receiver.named("POST /tts")
    received = time.time()
    check_nested(spans)
    (root,) = roots(spans)
    (operation,) = inside(spans, root)
    parts = inside(spans, operation)
    assert (root.name, operation.name) == ("POST /tts", "speak")
    assert {part.name for part in parts} == {"queue", "engine", "encode"}
    (engine,) = (part for part in parts if part.name == "engine")
    (process,) = inside(spans, engine)
    assert process.name == "engine.process"
    assert len(spans) == 6
    assert before - 0.001 <= root.began < after and root.ended <= received
    assert operation.ended - operation.began > 0.9 * (engine.ended - engine.began)
    assert engine.attributes["stts.engine"] == process.attributes["stts.engine"] == "far"
    assert 0 < process.ended - process.began < engine.ended - engine.began
    assert root.attributes == {
        "http.request.method": "POST",
        "http.route": "/tts",
        "http.response.status_code": 200,
        "stts.request_id": "request-1",
    }
    assert operation.attributes["stts.voice"] == "low"
    assert operation.attributes["stts.characters"] == len(TEXT)
    assert operation.attributes["stts.outcome"] == "completed"
    assert operation.began <= operation.events["first_item"] <= operation.ended
    assert receiver.resources[0]["service.name"] == "here"
    assert "traceparent" not in answer.headers and "traceresponse" not in answer.headers


def test_many_pieces_are_one_span_of_each_part(traced: RunningServer, receiver: Receiver) -> None:
    speak(traced, text="This is a sentence of some length, and it goes on. " * 12)
    spans = receiver.named("POST /tts")
    check_nested(spans)
    assert sorted(span.name for span in spans) == ["POST /tts", "encode", "engine", "engine.process", "queue", "speak"]
    (process,) = (span for span in spans if span.name == "engine.process")
    assert process.attributes["stts.parts"] > 1
    assert 0 < process.attributes["stts.busy_seconds"] < process.ended - process.began


def test_the_trace_of_the_client_goes_on(traced: RunningServer, receiver: Receiver) -> None:
    speak(traced, traceparent=PARENT, tracestate="secret=user-text")
    spans = receiver.named("POST /tts")
    (root,) = (span for span in spans if span.name == "POST /tts")
    assert {span.trace_id for span in spans} == {"0af7651916cd43dd8448eb211c80319c"}
    assert root.parent_id == "b7ad6b7169203331"
    assert b"user-text" not in b"".join(receiver.bodies)


def test_a_client_that_does_not_record_is_not_recorded(traced: RunningServer, receiver: Receiver) -> None:
    speak(traced, traceparent=PARENT[:-2] + "00")
    speak(traced, **{"x-request-id": "second"})
    spans = receiver.named("POST /tts")
    assert [root.attributes["stts.request_id"] for root in roots(spans)] == ["second"]
    assert len(spans) == 6


@pytest.mark.parametrize("traceparent", ["nonsense", "00-0-0-01", PARENT.replace("b7ad6b7169203331", "0" * 16), ""])
def test_a_broken_parent_refuses_nothing(traced: RunningServer, receiver: Receiver, traceparent: str) -> None:
    assert speak(traced, traceparent=traceparent).status_code == 200
    assert len(roots(receiver.named("POST /tts"))) == 1


def test_nothing_is_sampled_where_no_client_asks_for_it(receiver: Receiver, tmp_path: Path) -> None:
    with running(settings(receiver, tmp_path, sample=0.0), registry()) as server:
        speak(server)
        speak(server, traceparent=PARENT)
    spans = receiver.named("POST /tts")
    assert {span.trace_id for span in spans} == {PARENT.split("-")[1]}


def test_refused_and_failed_requests(traced: RunningServer, receiver: Receiver) -> None:
    assert speak(traced, engine="nobody", **{"x-request-id": "unknown"}).status_code == 422
    invalid = patient.post(f"{traced.url}/tts", json={"nothing": 1}, headers={"x-request-id": "invalid"})
    assert invalid.status_code == 422
    assert speak(traced, text="broken", **{"x-request-id": "broken"}).status_code == 500
    spans = receiver.wait(lambda spans: sum(span.name == "POST /tts" for span in spans) == 3)
    check_nested(spans)
    by_id = {root.attributes["stts.request_id"]: root for root in roots(spans)}
    assert {name: root.failed for name, root in by_id.items()} == {"unknown": False, "invalid": False, "broken": True}
    (planned,) = inside(spans, by_id["unknown"])
    assert planned.failed and planned.attributes["error.type"] == "unknown_engine"
    assert inside(spans, by_id["invalid"]) == []
    (failed,) = inside(spans, by_id["broken"])
    (engine,) = (span for span in spans if span.name == "engine")
    assert failed.failed and engine.failed and engine.attributes["error.type"] == failed.attributes["error.type"]
    assert [span.name for span in inside(spans, engine)] == ["engine.process"]


def test_who_looks_for_holes_in_a_server_leaves_no_trace(receiver: Receiver, tmp_path: Path) -> None:
    guarded = settings(receiver, tmp_path).model_copy(update={"security": SecuritySettings(api_key=SecretStr("right"))})
    with running(guarded, registry()) as server:
        for path in ("/wp-login.php", "/.env", "/v1/nothing", "/voices"):
            assert patient.get(f"{server.url}{path}").status_code == 401
        assert speak(server, authorization="Bearer wrong").status_code == 401
        assert speak(server, authorization="Bearer right").status_code == 200
    assert [root.attributes["http.response.status_code"] for root in roots(receiver.spans)] == [200]


def test_a_fall_back_shows_both_engines(receiver: Receiver, tmp_path: Path) -> None:
    allowed = settings(receiver, tmp_path).model_copy(
        update={"tts": TTSSettings(order=("far", "tone")), "routing": RoutingSettings()}
    )
    with running(allowed, registry()) as server:
        assert speak(server, engine="auto", text="broken words").headers["x-engine"] == "tone"
    spans = receiver.named("POST /tts")
    check_nested(spans)
    (operation,) = (span for span in spans if span.name == "speak")
    engines = [span for span in inside(spans, operation) if span.name == "engine"]
    assert [(span.attributes["stts.engine"], span.failed) for span in engines] == [("far", True), ("tone", False)]
    assert engines[0].ended <= operation.events["fallback"] <= engines[1].began
    assert operation.attributes["stts.engine"] == "tone"
    assert operation.attributes["stts.fallback"] == engines[0].attributes["error.type"]


def test_lists_and_what_leads_nowhere_leave_no_trace(traced: RunningServer, receiver: Receiver) -> None:
    for path in ("/voices", "/health", "/metrics", "/docs"):
        assert patient.get(f"{traced.url}{path}").status_code == 200
    assert patient.get(f"{traced.url}/.env").status_code == 404
    speak(traced)
    assert [root.name for root in roots(receiver.named("POST /tts"))] == ["POST /tts"]


def test_a_client_that_leaves(traced: RunningServer, receiver: Receiver) -> None:
    long = "This is a sentence that takes a while to be spoken. " * 200
    with patient.stream("POST", f"{traced.url}/tts", json={"text": long, "engine": "tone"}) as answer:
        next(answer.iter_bytes())
    spans = receiver.named("POST /tts")
    check_nested(spans)
    (root,) = roots(spans)
    (operation,) = inside(spans, root)
    assert root.attributes["stts.outcome"] == operation.attributes["stts.outcome"] == "cancelled"
    assert not operation.failed
    assert {"queue", "engine"} <= {part.name for part in inside(spans, operation)}


def test_requests_at_once_do_not_mix(traced: RunningServer, receiver: Receiver) -> None:
    def one(number: int) -> None:
        speak(traced, engine=("far", "tone")[number % 2], text=TEXT * (1 + number), **{"x-request-id": f"n{number}"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(16)))
    spans = receiver.wait(lambda spans: sum(span.name == "POST /tts" for span in spans) == 16)
    check_nested(spans)
    assert len({root.trace_id for root in roots(spans)}) == 16
    for root in roots(spans):
        (operation,) = inside(spans, root)
        number = int(str(root.attributes["stts.request_id"])[1:])
        assert operation.attributes["stts.request_id"] == root.attributes["stts.request_id"]
        assert operation.attributes["stts.characters"] == len(TEXT) * (1 + number)
        parts = inside(spans, operation)
        assert sorted(part.name for part in parts) == ["encode", "engine", "queue"]
        assert {part.attributes.get("stts.engine") for part in parts} - {None} == {("far", "tone")[number % 2]}


def test_a_recording(traced: RunningServer, receiver: Receiver) -> None:
    audio = patient.post(f"{traced.url}/tts", json={"text": TEXT, "engine": "espeak", "format": "wav"}).content
    files = {"file": ("words.wav", audio)}
    assert patient.post(f"{traced.url}/stt", files=files, data={"engine": "echo"}).status_code == 200
    spans = receiver.named("POST /stt")
    check_nested(spans)
    (root,) = (span for span in roots(spans) if span.name == "POST /stt")
    (operation,) = inside(spans, root)
    assert operation.name == "transcribe"
    assert {"speech_detection", "queue", "engine"} == {part.name for part in inside(spans, operation)}


def test_a_conversation_by_request(traced: RunningServer, receiver: Receiver) -> None:
    assert patient.post(f"{traced.url}/conversation", data={"text": "hello there"}).status_code == 200
    spans = receiver.named("POST /conversation")
    check_nested(spans)
    (root,) = roots(spans)
    (turn,) = inside(spans, root)
    assert turn.name == "converse"
    assert {"reply", "speak"} == {part.name for part in inside(spans, turn)}
    assert turn.began <= turn.events["first_token"] <= turn.events["first_audio"] <= turn.ended


def test_a_receiver_that_says_nothing_delays_neither_requests_nor_the_stop(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "FLUSH_SECONDS", 0.05)
    receiver.open.clear()
    with running(settings(receiver, tmp_path), registry()) as server:
        assert [speak(server, engine="tone").status_code for _ in range(3)] == [200, 200, 200]
    assert receiver.spans == []
