"""Why no answer came, in words for a person."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from clients.caller import Caller

pytestmark = pytest.mark.socket


@pytest.fixture
def address() -> Iterator[tuple[socket.socket, str]]:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound, f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_nothing_listens(address: tuple[socket.socket, str]) -> None:
    _, url = address
    assert Caller(url).ask("GET", "/health").complaint() == f"no answer: nothing listens at {url}"


def test_a_server_that_says_nothing(address: tuple[socket.socket, str]) -> None:
    bound, url = address
    bound.listen()
    assert Caller(url, timeout=0.2).ask("GET", "/health").complaint() == f"no answer: {url} said nothing for 0.2 s"
    with Caller(url, timeout=0.2).stream("/tts", {}) as answer:
        assert answer.complaint() == f"no answer: {url} said nothing for 0.2 s"


def test_a_name_that_nobody_knows() -> None:
    problem = Caller("http://nobody.invalid").ask("GET", "/health").complaint()
    assert problem.startswith("no answer: ") and "urlopen" not in problem
