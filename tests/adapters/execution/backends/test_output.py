"""The output of children comes into the log, without the words of users, and never stops a child."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from adapters.execution.backends.output import MOST_CHARACTERS, MOST_LINES
from adapters.execution.backends.process import ProcessBackend
from tests.adapters.execution.backends.test_process import spec
from tests.adapters.execution.script_engine import VOICE
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket


def printed(scripts: Sequence[str], **options: object) -> list[Any]:
    """The log of a child that loads, runs these, and ends."""
    backend = ProcessBackend("script", lambda: spec(**options))
    with capture_logs() as lines:
        backend.load(lambda step, part: None)
        for script in scripts:
            voice, params = {"id": VOICE.id, "languages": [], "spells": []}, {"extra": None}
            assert list(backend.call("synthesize", (script, voice, params))) == []
        backend.unload()
    return [line for line in lines if line["event"].startswith("engine_output")]


def test_what_a_load_prints_is_quoted_with_the_engine(leaves_nothing: None) -> None:
    lines = printed([], load="print; say hello")
    assert {line["engine"] for line in lines} == {"script"}
    assert [line["line"] for line in lines] == [
        "noise from Python",
        "noise from C",
        "hello",
        '  File "/engine.py", line 3 in speak',
        "Fatal Python error: Segmentation fault",
    ]


def test_what_a_call_prints_is_counted_but_for_what_speaks_of_the_program(leaves_nothing: None) -> None:
    lines = printed(["say Dear Anna", "say I love you", "print"])
    assert "Anna" not in str(lines) and "love" not in str(lines) and "noise" not in str(lines)
    assert [line["line"] for line in lines[:2]] == [
        '  File "/engine.py", line 3 in speak',
        "Fatal Python error: Segmentation fault",
    ]
    assert lines[-1] == {"event": "engine_output_hidden", "log_level": "info", "engine": "script", "lines": 4}


def test_a_flood_stops_nobody_and_does_not_fill_the_log(leaves_nothing: None) -> None:
    lines = printed([], load="flood")
    quoted = [line["line"] for line in lines if line["event"] == "engine_output"]
    assert len(quoted) == MOST_LINES and max(map(len, quoted)) == MOST_CHARACTERS
    assert lines[-1]["lines"] >= 900


def test_what_a_child_has_started_goes_with_it(leaves_nothing: None, tmp_path: Path) -> None:
    backend = ProcessBackend("script", lambda: spec(load=f"spawn {tmp_path}/pid"))
    backend.load(lambda step, part: None)
    started = psutil.Process(int((tmp_path / "pid").read_text()))
    backend.unload()
    psutil.wait_procs([started], PATIENCE)
    assert not started.is_running() or started.status() == psutil.STATUS_ZOMBIE


def test_a_killed_child_takes_along_what_it_has_started(leaves_nothing: None, tmp_path: Path) -> None:
    backend = ProcessBackend("script", lambda: spec(load=f"spawn {tmp_path}/pid"))
    backend.load(lambda step, part: None)
    started = psutil.Process(int((tmp_path / "pid").read_text()))
    backend.kill()
    psutil.wait_procs([started], PATIENCE)
    assert not started.is_running() or started.status() == psutil.STATUS_ZOMBIE
    backend.unload()
