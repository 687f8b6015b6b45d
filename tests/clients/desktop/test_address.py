"""Addresses as people type them, and what helps who has mistyped one."""

from __future__ import annotations

import pytest

from clients.desktop.model.address import AddressWrong, checked, checked_key


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost"),
        (" HTTPS://speech.example.com/ ", "https://speech.example.com"),
        ("<http://speech.example.com>", "http://speech.example.com"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://speech.example.com/app/home", "http://speech.example.com"),
        ("http://speech.example.com/docs", "http://speech.example.com"),
        ("http://speech.example.com/v1", "http://speech.example.com"),
        ("https://example.com/speech", "https://example.com/speech"),
        ("ws://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://bücher.example", "http://bücher.example"),
    ],
)
def test_an_address_is_made_whole(typed: str, meant: str) -> None:
    assert checked(typed) == meant


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Write the address"),
        ("   ", "Write the address"),
        ("http://", "name of the machine|Write the address|two slashes|An address"),
        ("http:/127.0.0.1:8000", "two slashes"),
        ("ftp://127.0.0.1", "not by ftp"),
        ("http://my server:8000", "no spaces"),
        ("http://server:80000", "from 1 to 65535"),
        ("http://server:eighty", "from 1 to 65535"),
        ("http://server:0", "from 1 to 65535"),
        ("http://0.0.0.0:8000", "write 127.0.0.1"),
        ("http://anna:secret@server", "its own field"),
        ("http://server/?key=1", "question mark"),
        ("http://[::1", "no address"),
        ("http://.com", "no name of a machine"),
        (f"http://{'a' * 64}.com", "no name of a machine"),
        ("http://:8000", "name of the machine is missing"),
    ],
)
def test_what_is_wrong_is_told_in_words_that_help(typed: str, told: str) -> None:
    with pytest.raises(AddressWrong, match=told):
        checked(typed)


def test_a_key_is_one_word() -> None:
    assert checked_key(" stts_abc\n") == "stts_abc"
    for typed in ("two words", "line\nbreak"):
        with pytest.raises(AddressWrong, match="one word"):
            checked_key(typed)
