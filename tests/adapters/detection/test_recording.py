from __future__ import annotations

from adapters.detection.recording import region_rules
from stts.settings import STTSettings
from stts.transcription import Chunking

SETTINGS = STTSettings(vad_threshold=0.6, min_silence_seconds=0.4, padding_seconds=0.2)


def test_what_a_request_leaves_out_is_as_configured() -> None:
    assert region_rules(SETTINGS, 30.0, Chunking()) == region_rules(SETTINGS, 30.0)
    rules = region_rules(SETTINGS, 30.0, Chunking(threshold=0.3))
    assert (rules.threshold, rules.min_silence, rules.padding) == (0.3, 0.4, 0.2)


def test_nothing_is_heard_twice_however_much_padding_is_asked_for() -> None:
    rules = region_rules(SETTINGS, 30.0, Chunking(padding=0.3, silence=0.2))
    assert (rules.min_silence, rules.padding) == (0.2, 0.2)
