"""The paced engine makes what it says, and is found as a stranger's package is."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.continuity import check_complete
from benchmarks.engines import RATE, SECONDS_PER_CHARACTER, VOICE, PacedEngine, PacedOptions
from benchmarks.server import ENGINES, ROOT, offer_engines
from stts.engine_api import SpeechParams
from tests import patient

TEXT = "Thirty characters, more or less."


@pytest.mark.parametrize("block_seconds", [None, 0.1, 0.07])
def test_all_the_audio_comes_whatever_the_blocks(block_seconds: float | None) -> None:
    engine = PacedEngine(PacedOptions(speed=1e6, block_seconds=block_seconds))
    blocks = list(engine.synthesize(TEXT, VOICE, SpeechParams()))
    samples = np.concatenate(blocks)
    assert len(samples) == int(len(TEXT) * SECONDS_PER_CHARACTER * RATE)
    assert (len(blocks) == 1) == (block_seconds is None)


def test_the_trace_tells_of_a_consumer_that_leaves(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    engine = PacedEngine(PacedOptions(speed=1e6, block_seconds=0.1, trace=str(trace)))
    blocks = engine.synthesize(TEXT, VOICE, SpeechParams())
    next(blocks)
    del blocks
    assert [line.split()[0] for line in trace.read_text().splitlines()] == ["start", "block", "end"]


@pytest.mark.socket
def test_a_fresh_process_finds_the_engines_by_their_entry_points(tmp_path: Path) -> None:
    offer_engines(tmp_path)
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from engines.registry import Registry\n"
        f"print(*(Registry().create(name).info.name for name in {sorted(ENGINES)!r}))"
    )
    shown = patient.run(
        [sys.executable, "-c", code, str(tmp_path), str(ROOT)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert shown.stdout.split() == sorted(ENGINES)


def test_a_stream_that_lost_audio_is_not_measured() -> None:
    check_complete(TEXT, len(TEXT) * SECONDS_PER_CHARACTER)
    with pytest.raises(ValueError, match="s of audio came"):
        check_complete(TEXT, len(TEXT) * SECONDS_PER_CHARACTER / 2)
