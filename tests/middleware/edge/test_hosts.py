from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.edge.hosts import LOOPBACK, Hosts, Origins, parse_host


@pytest.mark.parametrize(
    "header",
    ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:80", "localhost.", "a.localhost"],
)
def test_loopback_is_always_ours(header: str) -> None:
    assert Hosts("127.0.0.1", ()).allow(header)


@pytest.mark.parametrize(
    "header",
    [
        "evil.example",
        "localhost.evil.example",
        "",
        ":",
        "127.0.0.1.nip.io",
        "192.168.1.7",
        "localhost@evil.example",
        "localhost:1@evil.example",
        "localhost:80:80",
        "localhost:http",
        "localhost:70000",
        "localhost/",
        "local host",
        "localhost\u0131",
        "[::1]evil.example",
        "[::1",
        "[",
    ],
)
def test_other_names_are_not(header: str) -> None:
    assert not Hosts("127.0.0.1", ()).allow(header)


def test_the_configured_names() -> None:
    hosts = Hosts("speech.lan", ("Speech.Example", "*.inside.example"))
    assert hosts.allow("speech.lan:8000")
    assert hosts.allow("speech.example")
    assert hosts.allow("a.inside.example")
    assert not hosts.allow("inside.example")
    assert not hosts.allow("ainside.example")


@pytest.mark.parametrize(("listens_on", "answers"), [("0.0.0.0", True), ("::", True), ("127.0.0.1", False)])
def test_whoever_listens_on_every_address_answers_to_addresses(listens_on: str, answers: bool) -> None:
    hosts = Hosts(listens_on, ())
    assert hosts.allow("192.168.1.7:8000") == answers
    assert hosts.allow("[fe80::1]:8000") == answers
    assert not hosts.allow("evil.example")


def test_a_configured_ipv6_address() -> None:
    assert Hosts("fd00::5", ()).allow("[fd00::5]:8000")


def test_any_name_where_the_operator_says_so() -> None:
    hosts = Hosts("127.0.0.1", ("*",))
    assert hosts.allow("whatever.example")
    assert not hosts.allow("no name")


@pytest.mark.parametrize(
    ("header", "parsed"),
    [
        ("Speech.Example.:8000", ("speech.example", 8000)),
        ("my_box", ("my_box", None)),
        ("localhost:", ("localhost", None)),
        ("[FD00::5]:65535", ("[fd00::5]", 65535)),
        ("localhost:65536", None),
        ("localhost:1@evil", None),
        ("user@localhost", None),
        (" localhost", None),
        ("localhost\n", None),
        (".", None),
    ],
)
def test_a_host_header_is_read_strictly(header: str, parsed: tuple[str, int | None] | None) -> None:
    assert parse_host(header) == parsed


@given(st.text())
def test_no_header_is_allowed_that_names_nothing_here(header: str) -> None:
    read = parse_host(header)
    named = read is not None and (read[0] in LOOPBACK or read[0].endswith(".localhost"))
    assert Hosts("127.0.0.1", ()).allow(header) is named
    assert not Origins(()).allow(header, header, management=False), "what is a host is no origin"


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://speech.example", "speech.example", True),
        ("https://speech.example", "speech.example:443", True),
        ("http://LOCALHOST:8000", "localhost:8000", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://127.0.0.1:3000", "127.0.0.1:8000", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("https://evil.example", "127.0.0.1:8000", False),
        ("null", "127.0.0.1:8000", False),
        ("http://evil@127.0.0.1:8000", "127.0.0.1:8000", False),
        ("http://evil", "localhost:1@evil", False),
        ("", "", False),
        ("chrome-extension://abc", "abc", False),
    ],
)
def test_pages_of_the_same_host(origin: str, host: str, same: bool) -> None:
    assert Origins(()).allow(origin, host, management=True) == same


def test_configured_origins() -> None:
    origins = Origins(("https://App.example/",))
    assert origins.allow("https://app.example", "127.0.0.1", management=True)
    assert not origins.allow("http://app.example", "127.0.0.1", management=False)


def test_any_origin_never_manages() -> None:
    origins = Origins(("*", "https://app.example"))
    assert origins.allow("https://evil.example", "127.0.0.1", management=False)
    assert not origins.allow("https://evil.example", "127.0.0.1", management=True)
    assert origins.allow("https://app.example", "127.0.0.1", management=True)
