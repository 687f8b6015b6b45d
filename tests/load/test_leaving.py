"""Clients that vanish and a server that is killed: each program in its short form, against servers of its own."""

from __future__ import annotations

import pytest

from load import kills, vanishing
from tests.load.checked import check

pytestmark = [pytest.mark.socket, pytest.mark.long]


def test_a_killed_server_has_counted_all_that_it_served() -> None:
    check(kills.run(1))


def test_clients_that_vanish_leave_nothing() -> None:
    check(vanishing.run(100))
