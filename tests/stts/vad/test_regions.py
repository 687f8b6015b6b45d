import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stts.engine_api import EngineInfo, Progress, Samples, VADEngine
from stts.vad.regions import Region, RegionBuilder, RegionFinder
from stts.vad.rules import RegionRules

FRAME = 512
RULES = RegionRules(threshold=0.5, min_speech=0.1, min_silence=0.32, padding=0.1, max_seconds=5.0)


class LoudnessVAD(VADEngine):
    """Whatever is louder than 0.1 is speech."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="loudness", kind="vad", description="")

    def load(self, progress: Progress) -> None: ...

    def new_state(self) -> NDArray[np.float32]:
        return np.zeros(1, np.float32)

    def probabilities(
        self, frames: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        loud = np.max(np.abs(frames), axis=1) > 0.1
        return loud.astype(np.float32), states


def seconds(*parts: tuple[float, float]) -> Samples:
    """(seconds, loudness) one after the other."""
    return np.concatenate([np.full(round(length * 16_000), loudness, np.float32) for length, loudness in parts])


def find(audio: Samples, rules: RegionRules = RULES, block: int = 4000) -> list[Region]:
    finder = RegionFinder(LoudnessVAD(), rules)
    regions: list[Region] = []
    for start in range(0, len(audio), block):
        regions += finder.push(audio[start : start + block])
    return [*regions, *finder.finish()]


@given(st.lists(st.sampled_from([0.0, 0.4, 0.9]), max_size=120), st.integers(0, 30))
def test_frames_judged_beforehand_make_the_same_regions_wherever_silence_before_them_begins(
    probabilities: list[float], silence: int
) -> None:
    """So an utterance that is a part of a stream has the regions of the whole stream."""
    frames = [np.full(FRAME, number, np.float32) for number in range(silence + 4 + len(probabilities))]
    judged = [*zip(frames, [0.0] * (silence + 4) + probabilities, strict=True)]

    def built(skipped: int) -> list[tuple[float, float]]:
        builder = RegionBuilder(RULES, FRAME)
        regions = [region for each in judged[skipped:] for region in builder.push(*each)]
        return [(region.samples[0], len(region.samples)) for region in [*regions, *builder.finish()]]

    assert built(silence) == built(0)


def test_silence_has_no_regions() -> None:
    assert find(seconds((60.0, 0.0))) == []


def test_nothing_at_all_has_no_regions() -> None:
    assert find(np.zeros(0, np.float32)) == []


def test_two_phrases_are_two_regions_with_padding_at_their_times() -> None:
    first, second = find(seconds((1.0, 0.0), (1.0, 0.5), (1.0, 0.0), (2.0, 0.5), (1.0, 0.0)))
    assert first.start == pytest.approx(0.9, abs=0.05)
    assert len(first.samples) / 16_000 == pytest.approx(1.2, abs=0.1)
    assert second.start == pytest.approx(2.9, abs=0.05)


def test_a_short_pause_does_not_end_a_region() -> None:
    assert len(find(seconds((1.0, 0.5), (0.2, 0.0), (1.0, 0.5)))) == 1


def test_a_click_is_not_speech() -> None:
    assert find(seconds((1.0, 0.0), (0.02, 0.9), (1.0, 0.0))) == []


def test_speech_up_to_the_end_is_not_lost() -> None:
    (region,) = find(seconds((1.0, 0.0), (0.51, 0.5)))
    assert np.count_nonzero(region.samples) == round(0.51 * 16_000)


def test_a_long_region_is_cut_at_its_quietest_moment_without_loss() -> None:
    audio = seconds((3.0, 0.5), (0.15, 0.2), (4.0, 0.5))
    first, second = find(audio)
    assert 3.0 <= len(first.samples) / 16_000 <= 3.2
    assert np.array_equal(np.concatenate((first.samples, second.samples))[: len(audio)], audio)
    assert second.start == pytest.approx(len(first.samples) / 16_000)


@given(
    parts=st.lists(st.tuples(st.floats(0.05, 3.0), st.sampled_from([0.0, 0.2, 0.5])), max_size=12),
    block=st.integers(1, 20_000),
)
def test_every_loud_sample_of_real_speech_is_in_exactly_one_region(
    parts: list[tuple[float, float]], block: int
) -> None:
    rules = RegionRules(threshold=0.5, min_speech=0.0, min_silence=0.32, padding=0.1, max_seconds=2.0)
    audio = seconds(*parts) if parts else np.zeros(0, np.float32)
    regions = find(audio, rules, max(block, len(audio) // 50 + 1))
    assert sum(np.count_nonzero(region.samples) for region in regions) == np.count_nonzero(audio)
    ends = [round(region.start * 16_000) + len(region.samples) for region in regions]
    starts = [round(region.start * 16_000) for region in regions]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert all(len(region.samples) <= 2.0 * 16_000 for region in regions)


def test_a_pause_as_long_as_the_longest_region_ends_one_without_another() -> None:
    rules = RegionRules(threshold=0.5, min_speech=0.0, min_silence=1.0, padding=0.0, max_seconds=1.0)
    audio = seconds((1.5, 0.5), (4.0, 0.0), (0.5, 0.5), (3.0, 0.0))
    regions = find(audio, rules)
    assert all(len(region.samples) for region in regions)
    assert {round(region.start) for region in regions} >= {0, 1}
