"""Settings of traces."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from stts.settings import Settings, TelemetrySettings


def test_headers_by_name() -> None:
    told = TelemetrySettings(headers=SecretStr("Authorization=Basic a2V5Og=="))
    assert told.pairs() == {"authorization": "Basic a2V5Og=="}
    assert TelemetrySettings(headers=SecretStr("a=1, b=x=y")).pairs() == {"a": "1", "b": "x=y"}
    assert TelemetrySettings().pairs() == {}


@pytest.mark.parametrize("headers", ["", "a", "=1", "a=", "a=1,,b=2", "a b=1", "a=1\nb: 2", "a=\u00e9"])
def test_what_are_no_headers(headers: str) -> None:
    with pytest.raises(ValidationError, match="NAME=VALUE"):
        TelemetrySettings(headers=SecretStr(headers))


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "localhost:4318",
        "ftp://a",
        "http://",
        "http://user:key@host",
        "http://a/?b=c",
        "http://a:99999",
        "http://a:x",
        "http://a..b:4318",
        f"http://{'x' * 64}:4318",
        "http://a/\u00fc",
        "http://a/b\x7fc",
    ],
)
def test_what_is_no_endpoint(endpoint: str) -> None:
    with pytest.raises(ValidationError):
        TelemetrySettings(endpoint=endpoint)


def test_the_headers_are_a_secret() -> None:
    settings = Settings(telemetry=TelemetrySettings(headers=SecretStr("a=receiver-key")))
    assert "receiver-key" not in repr(settings)


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:4318", "https://otlp.example/path/", "http://[::1]:4318", "http://\u00fc.example/%C3%BC"],
)
def test_endpoints(endpoint: str) -> None:
    assert TelemetrySettings(endpoint=endpoint).endpoint == endpoint
