"""The calls of OpenAI's own client for Node about audio."""

from __future__ import annotations

import json
from pathlib import Path

from tests.clients_js.conftest import Node
from tests.routers.compat.cloning_engines import recording
from tests.server import RunningServer


def test_every_call(node: Node, server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "speech.wav").write_bytes(recording(8.0))
    told = json.loads(node("openai_calls.mjs", f"{server.url}/v1", tmp_path / "speech.wav").splitlines()[-1])
    assert told["speech"] == "RIFF"
    assert len(told["heard"].split()) > 8 and told["segments"] >= 1
    assert told["streamed"] == told["deltas"] and len(told["streamed"].split()) > 8
    id, listed, removed = told["consent"]
    assert id.startswith("cons_") and listed and removed
    assert {"tts-1", "whisper-1", "gpt-live-1", "gpt-realtime"} <= set(told["models"])
    assert told["check"] == ["content_provenance_check", []]
    assert told["secret"].startswith("ek_")
    assert told["refused"] == [404, "model_not_found", "model"]
