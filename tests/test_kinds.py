"""Every test is of one kind, and a unit test cannot do what its kind forbids."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import patient
from tests.belongings import GIVEN_BACK, as_found, belongings, changes
from tests.kinds import kinds


def listen() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))


def connect() -> None:
    with socket.socket() as client:
        client.connect(("127.0.0.1", 9))


def start() -> None:
    patient.run([sys.executable, "--version"], check=True)


def test_every_test_has_exactly_one_kind(request: pytest.FixtureRequest) -> None:
    several = [item.nodeid for item in request.session.items if len(kinds(item)) != 1]
    assert several == []


@pytest.mark.parametrize("forbidden", [listen, connect, start])
def test_a_unit_test_that_is_none_fails(forbidden: Callable[[], None]) -> None:
    with pytest.raises(pytest.fail.Exception, match="not marked `socket`"):
        forbidden()


async def test_nor_may_its_threads() -> None:
    with pytest.raises(pytest.fail.Exception):
        await asyncio.to_thread(listen)


@pytest.mark.socket
def test_others_may() -> None:
    listen()
    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()


def test_what_belongs_to_the_process_is_left_as_it_was_found(tmp_path: Path) -> None:
    """A server that starts in this process keeps its files private, and so would those of later tests be."""
    folder, mask = Path.cwd(), os.umask(0o022)
    os.umask(mask)
    with as_found():
        os.chdir(tmp_path)
        os.umask(0o077)
    assert Path.cwd() == folder
    assert os.umask(mask) == mask


def test_a_test_that_leaves_something_of_the_process_changed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = belongings()
    with monkeypatch.context() as changed:
        changed.setenv("STTS_LEFT", "1")
        changed.setattr(sys, "argv", ["another"])
        told = changes(before, belongings())
    assert told[0] == "os.environ['STTS_LEFT']: None -> '1'"
    assert told[1].startswith("sys.argv: ") and told[1].endswith("-> ('another',)")
    assert changes(before, belongings()) == []
    with as_found():
        os.umask(0o077)
        (rights,) = changes(before, belongings())
        assert rights.startswith("the rights of new files: ") and rights.endswith("-> '077'")
        assert changes(before, belongings(), GIVEN_BACK) == []
