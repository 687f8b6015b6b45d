"""Traces hold nobody's words and no key; the log knows them; off, and of the framework, there is none."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from middleware import pipeline
from middleware.logs.configuring import configure_logging
from routers.services import build_services
from stts.settings import SecuritySettings, Settings, StorageSettings
from tests import patient
from tests.fakes import registry
from tests.receiver import Receiver
from tests.routers.tracing.traced import roots, settings, speak
from tests.server import running

pytestmark = pytest.mark.socket


def test_lines_of_the_log_know_the_trace(receiver: Receiver, tmp_path: Path) -> None:
    log = io.StringIO()
    current = settings(receiver, tmp_path)
    with redirect_stderr(log), running(current, registry()) as server:
        configure_logging(lambda: current, log)
        try:
            speak(server, **{"x-request-id": "logged"})
            speak(server, engine="nobody", **{"x-request-id": "refused"})
        finally:
            structlog.reset_defaults()
    lines = [json.loads(line) for line in log.getvalue().splitlines() if line.startswith("{")]
    spans = receiver.wait(lambda spans: sum(span.name == "POST /tts" for span in spans) == 2)
    traces = {root.attributes["stts.request_id"]: root.trace_id for root in roots(spans)}
    found = {line["request_id"]: line.get("trace_id") for line in lines if line["event"] == "operation"}
    assert found == traces


def test_nothing_that_anybody_said_and_no_key_is_in_a_trace(receiver: Receiver, tmp_path: Path) -> None:
    guarded = settings(receiver, tmp_path).model_copy(
        update={"security": SecuritySettings(api_key=SecretStr("private-key"))}
    )
    key = {"authorization": "Bearer private-key", "x-private": "header-text"}
    with running(guarded, registry()) as server:
        audio = speak(server, text="private words", **key).content
        files = {"file": ("private-name.mp3", audio)}
        assert patient.post(f"{server.url}/stt", files=files, data={"prompt": "private prompt"}, headers=key).is_success
        assert patient.post(f"{server.url}/conversation", data={"text": "private question"}, headers=key).is_success
        assert patient.get(f"{server.url}/tts", params={"text": "private query"}, headers=key).is_success
        assert speak(server, text="broken private words", **key).status_code == 500
        assert speak(server, engine="private-engine", **key).status_code == 422
        assert patient.get(f"{server.url}/tts/private-path", headers=key).status_code == 404
        assert speak(server, text="private", authorization="Bearer private-wrong").status_code == 401
    sent = b"".join(receiver.bodies)
    assert len(roots(receiver.spans)) >= 6
    for word in (b"private", b"header-text", b"word0", b"the tone broke", b"127.0.0.1"):
        assert word not in sent, word


def test_off_there_is_no_further_stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    composed: list[list[str]] = []

    def compose(stages: Any, operation: Any) -> Any:
        composed.append([type(stage).__name__ for stage in stages])
        return pipeline.compose(stages, operation)

    monkeypatch.setattr("routers.pipelines.compose", compose)
    services = build_services(Settings(storage=StorageSettings(root=str(tmp_path))), registry=registry())
    assert services.tracer is None
    assert {stages[0] for stages in composed} == {"LoggingStage"}
    assert not any("TracingStage" in stages for stages in composed)


def test_the_framework_sends_nothing_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """FastAPI would put texts of queries and messages of exceptions into traces, where the environment asks for it."""

    trace = pytest.importorskip("opentelemetry.trace", reason="this FastAPI has no traces")

    class Provider:
        asked = 0

        def get_tracer(self, *named: Any, **more: Any) -> Any:
            self.asked += 1
            return trace.NoOpTracer()

    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    provider = Provider()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    with running(Settings(storage=StorageSettings(root=str(tmp_path))), registry()) as server:
        assert patient.get(f"{server.url}/tts", params={"text": "private", "engine": "tone"}).status_code == 200
    assert provider.asked == 0
