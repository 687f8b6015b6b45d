"""The segmenter alone; what it does within a session is tested in test_session.py."""

from __future__ import annotations

import numpy as np

from stts.conversation.segmenter import FRAME, SILENT_FRAME, SpeechSegmenter
from stts.protocols import VoiceStream
from stts.vad.rules import TurnRules


class Unasked:
    def stream(self) -> VoiceStream:
        raise AssertionError


def test_a_frame_that_is_kept_holds_on_to_nothing_else_and_silence_takes_no_memory() -> None:
    segmenter = SpeechSegmenter(Unasked(), TurnRules())
    heard = np.zeros(50 * FRAME, np.float32)
    heard[-FRAME:] = 0.5
    for frames in segmenter.frames(heard):
        for frame in frames:
            segmenter.position += FRAME / 16_000
            segmenter.keep(frame, 0.0)
    *silent, (sound, _) = segmenter.take_prefix(segmenter.position)
    assert len(silent) >= 8
    assert all(frame is SILENT_FRAME for frame, _ in silent)
    assert sound.base is None and sound.all()
