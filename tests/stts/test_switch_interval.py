"""Threads of a server wait a millisecond for the interpreter."""

from __future__ import annotations

import sys

import pytest

from stts.switch_interval import SWITCH_SECONDS, shorten_switch_interval


def test_the_interval_is_shortened() -> None:
    before = sys.getswitchinterval()
    try:
        shorten_switch_interval()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS) and before > SWITCH_SECONDS
    finally:
        sys.setswitchinterval(before)
