from __future__ import annotations

import pytest
from pydantic import ValidationError

from stts.settings import SecuritySettings


@pytest.mark.parametrize(
    "origin",
    [
        "*", "https://obsidian.md", "https://obsidian.md/", "http://localhost:3000", "app://obsidian.md", "http://[::1]:8080",
        "capacitor://localhost", "chrome-extension://abcdefgh", "HTTPS://Example.org",
    ],
)  # fmt: skip
def test_origins_as_browsers_and_shells_send_them(origin: str) -> None:
    assert SecuritySettings(allowed_origins=(origin,)).allowed_origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    ["obsidian.md", "obsidian.md:443", "", "null", "file://", "https://a.example/page", "//a.example", "https:/a"],
)
def test_what_would_never_match_an_origin_is_refused_with_the_right_form(origin: str) -> None:
    with pytest.raises(ValidationError, match=r"https://example\.org.*app://obsidian\.md"):
        SecuritySettings(allowed_origins=("https://right.example", origin))


@pytest.mark.parametrize(
    "host", ["*", "stts.example.org", "*.example.org", "192.168.1.5", "::1", "[fe80::1]", "my_host"]
)
def test_hosts(host: str) -> None:
    assert SecuritySettings(allowed_hosts=(host,)).allowed_hosts == (host,)


@pytest.mark.parametrize("host", ["https://stts.example.org", "stts.example.org:8000", "a/b", "", "*.", "a b"])
def test_what_would_never_match_a_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="without scheme, port and path"):
        SecuritySettings(allowed_hosts=(host,))
