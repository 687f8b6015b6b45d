from __future__ import annotations

import pytest

from benchmarks.replies import REACH, SESSIONS, _row


def test_a_reply_is_judged_by_the_middle_of_its_turns_beside_the_base() -> None:
    frames = 120 * SESSIONS
    own = [(SESSIONS * seconds, frames) for seconds in (12e-3, 11e-3, 90e-3)]
    row = _row("long", [own, [(SESSIONS * 24e-3, frames)] * 3])
    assert row.met is True and str(REACH) in row.reach and "120 frames" in row.what
    assert row.figures["ratio"] == pytest.approx(0.5) and "100 us a frame" in row.measured
    assert _row("long", [own]).met is None
