"""Traces of requests, sent to an OpenTelemetry receiver."""

from __future__ import annotations

import re

from pydantic import SecretStr, field_validator

from stts.http_address import is_http_address
from stts.settings.section import Section, fixed, protected

HEADERS = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x2b\x2d-\x7e][\x20-\x2b\x2d-\x7e]*")
"""One header, NAME=VALUE."""


class TelemetrySettings(Section):
    enabled: bool = fixed("Send traces of requests to an OpenTelemetry receiver.", default=False)
    endpoint: str = protected(
        "Its address for OTLP over HTTP (protobuf); traces go to v1/traces below it.",
        default="http://127.0.0.1:4318",
        pattern=r"^https?://[^\s/?#@]+(/[!\x22$->@-~]*)?$",
    )
    headers: SecretStr | None = protected(
        "Headers for it, as the key of a hosted receiver: NAME=VALUE, several with commas between.", default=None
    )
    sample: float = fixed(
        "Share of the traces that are recorded, where the client does not decide (traceparent).",
        default=1.0,
        ge=0,
        le=1,
    )
    service_name: str = fixed("Name of this server there.", default="stts", min_length=1, max_length=100)

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, endpoint: str) -> str:
        if not is_http_address(endpoint):
            raise ValueError("must be http://HOST[:PORT] or https://..., as http://127.0.0.1:4318")
        return endpoint

    @field_validator("headers")
    @classmethod
    def _are_pairs(cls, headers: SecretStr | None) -> SecretStr | None:
        if headers is not None and not all(map(HEADERS.fullmatch, _split(headers))):
            raise ValueError("must be NAME=VALUE, several with commas between")
        return headers

    def pairs(self) -> dict[str, str]:
        """The headers by name."""
        return dict(_pair(each) for each in _split(self.headers)) if self.headers is not None else {}


def _split(headers: SecretStr) -> list[str]:
    return [each.strip() for each in headers.get_secret_value().split(",")]


def _pair(header: str) -> tuple[str, str]:
    name, _, value = header.partition("=")
    return name.lower(), value
