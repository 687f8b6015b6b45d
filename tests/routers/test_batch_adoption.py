"""Results that jobs take from earlier ones: those of the same words, made with what would be taken now."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from stts.settings import JobSettings, TTSSettings
from tests.fakes import NO_FALL_BACK
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket


def ended(http: httpx.Client, texts: list[str]) -> list[dict[str, Any]]:
    """The items of a job that speaks these texts, when it has ended."""
    answer = http.post("/jobs/speech", json={"items": texts})
    assert answer.status_code == 202, answer.text
    job_id, deadline = answer.json()["id"], time.monotonic() + PATIENCE
    while (job := http.get(f"/jobs/{job_id}").json())["state"] == "running":
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    assert job["state"] == "done", job
    items: list[dict[str, Any]] = http.get(f"/jobs/{job_id}/items").json()["items"]
    return items


def operations(keyed: Keyed) -> int:
    total: int = keyed.admin.get("/analytics/summary").json()["total"]["operations"]
    return total


def test_what_another_voice_has_spoken_is_spoken_again(tmp_path: Path) -> None:
    voices: list[tuple[str, str, int]] = []
    for voice in ("low", "high", "high"):
        tts = TTSSettings(order=("tone",), voices={"tone": voice})
        with keyed_server(keyed_settings(tmp_path, tts=tts, routing=NO_FALL_BACK)) as keyed:
            before = operations(keyed)
            # Each server has an administrator of its own: the job belongs to one user of them all.
            made = keyed.key(role="write", user_id=voices[0][1] if voices else keyed.user())
            with keyed.client(made["key"]) as http:
                [item] = ended(http, ["Hello."])
            voices.append((item["voice"], made["user_id"], operations(keyed) - before))
    assert [(voice, count) for voice, _, count in voices] == [("low", 1), ("high", 1), ("high", 0)]


def test_the_same_words_in_one_job_are_spoken_once(tmp_path: Path) -> None:
    with keyed_server(keyed_settings(tmp_path, jobs=JobSettings(at_once=1), routing=NO_FALL_BACK)) as keyed:
        before = operations(keyed)
        items = ended(keyed.admin, ["Again and again."] * 250)
        assert operations(keyed) - before == 1
        assert len({item["seconds"] for item in items}) == 1
