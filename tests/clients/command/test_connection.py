"""Where a command looks for its server when nobody names one."""

from __future__ import annotations

import pytest

from clients.command.connection import default_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", "http://localhost:8123"),
        ("0.0.0.0", "http://127.0.0.1:8123"),
        ("::", "http://127.0.0.1:8123"),
        ("::1", "http://[::1]:8123"),
        ("[::1]", "http://[::1]:8123"),
    ],
)
def test_the_address_is_that_of_the_server_of_this_environment(
    host: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STTS_SERVER__HOST", host)
    monkeypatch.setenv("STTS_SERVER__PORT", "8123")
    assert default_url() == url
