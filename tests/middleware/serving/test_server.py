"""Which proxies are believed, as uvicorn compares addresses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from uvicorn.middleware.proxy_headers import _TrustedHosts

from middleware.serving.server import addresses_of
from stts.settings import ServerSettings


@pytest.mark.parametrize(
    ("address", "is_believed"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),  # by a socket that takes IPv4 too
        ("::1", True),
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("127.0.0.2", False),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("", False),
    ],
)
def test_who_is_believed(address: str, is_believed: bool) -> None:
    trusted = _TrustedHosts(addresses_of(["127.0.0.1", "::1", "10.1.0.7/16"]))
    assert (address in trusted) is is_believed


def test_nobody_is_believed_where_none_is_named() -> None:
    assert "127.0.0.1" not in _TrustedHosts(addresses_of([]))


@pytest.mark.parametrize("proxy", ["nginx", "*", "10.0.0.0/33", ""])
def test_a_proxy_is_named_by_its_address(proxy: str) -> None:
    with pytest.raises(ValidationError, match="a proxy is written as"):
        ServerSettings(trusted_proxies=(proxy,))
