"""Where calls are taken."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from routers.webrtc.ports import Site, site_of
from stts.settings.webrtc import IceServer, WebRTCSettings


@pytest.mark.parametrize(("host", "addresses"), [("127.0.0.1", ("127.0.0.1",)), ("0.0.0.0", ()), ("::", ())])
def test_a_call_is_taken_where_its_listener_answers(host: str, addresses: tuple[str, ...]) -> None:
    assert site_of(WebRTCSettings(), host) == Site(addresses, None, None)


def test_the_settings_name_other_places() -> None:
    settings = WebRTCSettings(addresses=("10.0.0.1",), public_address="203.0.113.5", ports="50000-50100")
    assert site_of(settings, "127.0.0.1") == Site(("10.0.0.1",), "203.0.113.5", (50_000, 50_100))
    assert site_of(WebRTCSettings(addresses=("0.0.0.0",)), "127.0.0.1").addresses == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"ports": "80-90"},
        {"ports": "50100-50000"},
        {"ports": "many"},
        {"public_address": "home"},
        {"addresses": ("eth0",)},
    ],
)
def test_what_is_no_place_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WebRTCSettings.model_validate(wrong)


@pytest.mark.parametrize("url", ["http://turn", "turn:", "turn:host:port", "stun:a b"])
def test_what_is_no_ice_server_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        IceServer(url=url)
