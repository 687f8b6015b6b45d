"""A batch of frames of many streams, judged like each stream alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from adapters.detection.vad_batch import VoiceBatch
from stts.engine_api import EngineInfo, Progress, Samples, VADEngine
from stts.vad.segmenter import QUIETEST_DBFS

WIDTH = 8
"""Samples of a frame; a batch takes any."""


class Summing(VADEngine):
    """The probability of a frame is its first sample and the sum of those of its stream before it."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[int] = []

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("summing", "vad", "")

    def load(self, progress: Progress) -> None:
        """It holds nothing."""

    def new_state(self) -> Samples:
        return np.zeros(2, np.float32)

    def probabilities(self, frames: Samples, states: Samples) -> tuple[Samples, Samples]:
        self.runs.append(len(frames))
        after = states + frames[:, :1]
        return after[:, 0], after


def batch(*streams: list[float]) -> VoiceBatch:
    """A batch of streams with frames of these samples."""
    frames = [np.repeat(np.array(each, np.float32)[:, None], WIDTH, axis=1) for each in streams]
    states: list[NDArray[np.float32]] = [np.zeros((1, 2), np.float32) for _ in streams]
    return VoiceBatch([len(each) for each in streams], frames, states)


SAMPLES = st.lists(st.sampled_from((0.0, 5e-5, 0.125, 0.25, 0.5)), max_size=5)


@given(st.lists(SAMPLES, min_size=1, max_size=6))
def test_each_stream_is_judged_as_if_it_were_alone(streams: list[list[float]]) -> None:
    engine, together = Summing(), batch(*streams)
    together.judge(engine)
    for samples, (probabilities, levels, state) in zip(streams, together.judged(), strict=True):
        loud = [sample if sample > 1e-4 else 0.0 for sample in samples]
        assert probabilities == [sum(loud[: number + 1]) if each else 0.0 for number, each in enumerate(loud)]
        assert state.tolist() == [[sum(loud)] * 2] and state.base is None
        expected = [QUIETEST_DBFS if not sample else 20 * np.log10(sample) for sample in samples]
        np.testing.assert_allclose(levels, expected, atol=1e-3)


def test_a_round_is_one_run_of_those_who_can_be_heard() -> None:
    engine = Summing()
    batch([0.25, 0.25], [0.0], [0.5, 0.0, 0.5], [], [0.5, 0.0]).judge(engine)
    assert engine.runs == [3, 2]
    batch([0.0], [0.0, 0.0]).judge(engine)
    assert engine.runs == [3, 2]


def test_a_click_is_heard_though_its_frame_is_quiet() -> None:
    engine = Summing()
    click = np.zeros((1, 512), np.float32)
    click[0, 0] = 2e-4
    VoiceBatch([1], [click], [np.zeros((1, 2), np.float32)]).judge(engine)
    assert engine.runs == [1]
