from __future__ import annotations

import json
import struct
from base64 import b64decode

import numpy as np

from benchmarks.live_message import REACH, _row, appends


def test_an_append_carries_as_much_audio_as_it_says_at_the_rate_of_the_dialect() -> None:
    first, second = appends(np.full(16_000 // 20, 0.5, np.float32), 0.03)
    for data in (first, second):
        (size,) = struct.unpack_from("!H", data, 2)
        event = json.loads(data[8:])
        assert len(data) == 8 + size and event["type"] == "input_audio_buffer.append"
        assert len(b64decode(event["audio"])) == 2 * 24 * 30
    assert not any(b64decode(json.loads(second[8:])["audio"])[-20 * 48 :][-480:])


def test_a_build_is_judged_by_the_middle_of_its_turns_beside_the_base() -> None:
    row = _row("stt", "spoken", [[40e-6, 41e-6, 900e-6], [100e-6, 99e-6, 101e-6]])
    assert row.met is True and row.figures["ratio"] == 0.41 and str(REACH) in row.reach
    alone = _row("stt", "spoken", [[40e-6, 41e-6, 900e-6]])
    assert alone.met is None and alone.figures == {"message_s": 41e-6}
