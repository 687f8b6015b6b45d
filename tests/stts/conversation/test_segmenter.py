"""The segmenter alone; what it does within a session is tested in test_session.py."""

from __future__ import annotations

import numpy as np

from stts.conversation.segmenter import FRAME, SILENT_FRAME, FrameCutter, SpeechSegmenter, compact
from stts.vad.rules import TurnRules
from stts.vad.segmenter import levels


def test_the_prefix_is_what_was_heard_last_and_silence_takes_no_memory() -> None:
    segmenter = SpeechSegmenter(TurnRules())
    heard = np.zeros(50 * FRAME, np.float32)
    heard[-FRAME:] = 0.5
    for frames in FrameCutter().cut(heard):
        for frame in frames:
            (level,) = levels(frame[np.newaxis]).tolist()
            assert segmenter.signals(0.0, level, over=False) == ()
            segmenter.keep(compact(frame, level), 0.0)
    *silent, (sound, _) = segmenter.take_prefix(segmenter.position)
    assert len(silent) >= 8
    assert all(frame is SILENT_FRAME for frame, _ in silent)
    assert sound.all()


def test_frames_are_cut_wherever_the_audio_is() -> None:
    """Audio that fills no frame waits for more, and holds on to nothing else."""
    heard = np.arange(10 * FRAME + 100, dtype=np.float32)
    for step in (1, 100, FRAME, FRAME + 1, 3 * FRAME, len(heard)):
        cutter = FrameCutter()
        parts = [heard[start : start + step] for start in range(0, len(heard), step)]
        cut = np.concatenate([frames.reshape(-1) for part in parts for frames in cutter.cut(part)])
        assert np.array_equal(cut, heard[: 10 * FRAME])
        assert cutter.rest_seconds == 100 / 16_000
        cutter.forget()
        assert cutter.rest_seconds == 0.0 and not list(cutter.cut(heard[: FRAME - 1]))


def test_a_long_message_is_judged_in_parts_of_a_second_and_none_holds_on_to_all_of_it() -> None:
    heard = np.zeros(100 * FRAME, np.float32)
    parts = list(FrameCutter().cut(heard))
    assert [len(frames) for frames in parts] == [32, 32, 32, 4]
    assert not any(np.shares_memory(heard, frames) for frames in parts)
