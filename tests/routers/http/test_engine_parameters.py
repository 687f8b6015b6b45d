from __future__ import annotations

from engines.tts.pocket import PocketParameters
from routers.http.engine_parameters import accepted


def test_what_an_engine_does_not_take_is_left_out() -> None:
    told: list[str] = []
    sent = {"temperature": 5.0, "top_k": 50, "decode_steps": 2}
    assert accepted(PocketParameters, sent, told.append) == {"decode_steps": 2}
    assert told == ["temperature is beyond what the engine takes: its own default counts."]
    good = sent | {"temperature": 1.7}
    assert accepted(PocketParameters, good, told.append) == {"temperature": 1.7, "decode_steps": 2}
    assert len(told) == 1
