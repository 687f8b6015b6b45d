from __future__ import annotations

import io

import numpy as np
import pytest

from stts.audio.watermark import detector
from stts.audio.watermark.detector import WatermarkFinding, find_watermark
from stts.audio.watermark.weights import watermark_network
from stts.engine_api import Samples
from stts.errors import AudioTooLong, UndecodableAudio
from tests.audio import encoded
from tests.stts.audio.watermark.test_marker import RATE, marked, spoken


def found(samples: Samples, max_seconds: float = 60.0) -> WatermarkFinding:
    return find_watermark(io.BytesIO(encoded(samples, rate=RATE)), watermark_network(None), max_seconds=max_seconds)


def test_a_marked_part_is_found_where_it_stands() -> None:
    finding = found(np.concatenate([spoken(9.0), marked(spoken(6.0)), spoken(6.0)]))
    assert finding.is_marked and finding.confidence is not None and finding.confidence > 0.99
    assert finding.seconds == pytest.approx(21.0, abs=0.01)
    assert [(each.start, each.end) for each in finding.spans] == [(9.0, 15.0)]
    assert finding.marked_seconds == 6.0


def test_of_very_many_spans_the_last_ones_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "MOST_SPANS", 2)
    part = [marked(spoken(3.0)), spoken(3.0)]
    finding = found(np.concatenate(part * 3))
    assert [(each.start, each.end) for each in finding.spans] == [(0.0, 3.0), (6.0, 15.0)]


def test_the_end_of_a_recording_counts_too() -> None:
    finding = found(marked(spoken(7.0)))
    (span,) = finding.spans
    assert span.start == 0.0 and span.end == pytest.approx(7.0, abs=0.01)


def test_a_persons_speech_is_not_marked() -> None:
    assert not found(spoken(30.0)).is_marked


@pytest.mark.parametrize("seconds", [0.2, 6.0])
def test_of_silence_nothing_is_known(seconds: float) -> None:
    finding = found(np.zeros(round(seconds * RATE), np.float32))
    assert finding.confidence is None and not finding.is_marked


def test_of_a_moment_nothing_is_known() -> None:
    assert found(marked(spoken())[:4_000]).confidence is None


def test_a_recording_that_is_too_long_is_refused() -> None:
    with pytest.raises(AudioTooLong):
        found(spoken(9.0), max_seconds=5.0)


@pytest.mark.parametrize("data", [b"", b"no audio at all", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_is_no_audio_is_refused(data: bytes) -> None:
    with pytest.raises(UndecodableAudio):
        find_watermark(io.BytesIO(data), watermark_network(None), max_seconds=60.0)


def test_a_reader_that_leaves_ends_the_work() -> None:
    def leave() -> None:
        raise InterruptedError

    file = io.BytesIO(encoded(spoken(9.0), rate=RATE))
    with pytest.raises(InterruptedError):
        find_watermark(file, watermark_network(None), max_seconds=60.0, checkpoint=leave)
