from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.transcription.intake import LONGEST_STEP, Intake, Stop
from stts.engine_api import Samples
from stts.streams.live import LiveAudio
from stts.transcription import TranscriptLagging


def tone(count: int, level: float) -> Samples:
    samples: Samples = (level * np.sin(np.arange(count) * 0.3)).astype(np.float32)
    return samples


@given(st.lists(st.one_of(st.none(), st.integers(0, 40_000)), max_size=12), st.integers(0, 3000))
async def test_no_sample_is_lost_and_marks_stay_where_they_were(parts: list[int | None], least: int) -> None:
    audio, written, marks = LiveAudio(1000.0), 0, []
    for part in parts:
        if part is None:
            audio.checkpoint()
            marks.append(written)
        else:
            audio.write(np.arange(written, written + part, dtype=np.float32))
            written += part
    audio.close()
    intake, stop, taken, found = Intake(audio), None, [np.zeros(0, np.float32)], []
    while stop is not Stop.END:
        samples, stop = await intake.next(least)
        assert len(samples) <= LONGEST_STEP and (stop is not None or len(samples) >= min(max(least, 1), LONGEST_STEP))
        taken.append(samples)
        if stop is Stop.CHECKPOINT:
            found.append(intake.taken)
    assert np.array_equal(np.concatenate(taken), np.arange(written, dtype=np.float32))
    assert found == marks and intake.seconds == pytest.approx(audio.seconds)


async def take(intake: Intake, audio: LiveAudio, samples: Samples) -> None:
    audio.write(samples)
    await intake.next(len(samples))


@pytest.mark.parametrize("size", [160, 512, 960, 1000])
async def test_quiet_is_told_from_speech(size: int) -> None:
    audio = LiveAudio(1000.0)
    intake = Intake(audio)
    assert intake.quiet
    for _ in range(20):
        await take(intake, audio, tone(size, 0.001))
    for _ in range(20):
        await take(intake, audio, tone(size, 0.3))
    assert not intake.quiet
    intake.mark()
    assert intake.quiet
    for _ in range(30):
        await take(intake, audio, tone(size, 0.003))
    assert intake.quiet
    await take(intake, audio, tone(size, 0.1))
    assert not intake.quiet


async def test_lag_is_told_once_a_second() -> None:
    now = 100.0
    audio = LiveAudio(1000.0)
    intake = Intake(audio, lambda: now)
    assert list(intake.lagging(0)) == []
    audio.write(tone(32_000, 0.1))
    assert list(intake.lagging(0)) == [TranscriptLagging(2.0)]
    now += 0.5
    assert list(intake.lagging(0)) == []
    now += 0.5
    assert list(intake.lagging(8000)) == [TranscriptLagging(1.5)]
    now += 10
    assert list(intake.lagging(16_000)) == []
