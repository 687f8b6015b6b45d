"""An engine in this process: its memory is what the process has grown by."""

from __future__ import annotations

import pytest

from adapters.execution.backends import inline
from adapters.execution.backends.inline import InlineBackend
from stts.engine_api import Progress
from tests.engines.contract import no_progress
from tests.fakes import ToneEngine


def test_what_others_have_left_behind_makes_no_engine_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = {"used": 100, "free": 50}

    class Large(ToneEngine):
        def load(self, progress: Progress) -> None:
            memory["used"] += 30

    monkeypatch.setattr(inline, "own_memory", lambda: sum(memory.values()))
    monkeypatch.setattr(inline, "give_back", lambda: memory.update(free=0))
    backend = InlineBackend(Large(), 1)
    backend.load(no_progress)
    assert backend.memory() == 30
