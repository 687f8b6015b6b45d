"""A server that sends its traces to a receiver, and what tests ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stts.settings import Settings
from tests import patient
from tests.fakes import NO_FALL_BACK
from tests.receiver import Received, Receiver
from tests.server import RunningServer

TEXT = "the quick brown fox jumps"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
INSTANCES = {"far": {"engine": "tone", "runs_in": "process", "options": {"fail_on": "broken"}}}
"""An engine in a process of its own."""


def settings(receiver: Receiver, root: Path, **telemetry: Any) -> Settings:
    told = {"enabled": True, "endpoint": receiver.endpoint, "service_name": "here", **telemetry}
    return Settings.model_validate(
        {
            "telemetry": told,
            "engines": {"instances": INSTANCES, "options": {"tone": {"speed": 20.0}}},
            "tts": {"order": ["tone", "espeak"]},
            "stt": {"order": ["quick"]},
            "storage": {"root": str(root)},
            "routing": NO_FALL_BACK.model_dump(),
        }
    )


def speak(server: RunningServer, engine: str = "far", text: str = TEXT, **headers: str) -> Any:
    return patient.post(f"{server.url}/tts", json={"text": text, "engine": engine, "format": "mp3"}, headers=headers)


def roots(spans: list[Received]) -> list[Received]:
    return [span for span in spans if not span.parent_id]
