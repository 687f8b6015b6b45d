"""Address, TLS and shutdown of the server."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, field_validator

from stts.access.networks import is_network
from stts.settings.section import Section, fixed, protected

THIS_MACHINE = ("127.0.0.1", "::1")
"""Addresses of proxies beside the server."""
MOST_WORKERS = 64


def _workers(value: Any) -> Any:
    """One message for both kinds of value."""
    text = str(value)
    if text != "auto" and not (text.isdecimal() and 1 <= int(text) <= MOST_WORKERS):
        raise ValueError(f"must be a number from 1 to {MOST_WORKERS}, or auto")
    return value


class ServerSettings(Section):
    host: str = protected("Address to listen on.", default="127.0.0.1")
    port: int = protected("Port to listen on.", default=8000, ge=0, le=65535)
    workers: Annotated[int | Literal["auto"], BeforeValidator(_workers)] = protected(
        "Processes that share the address; auto: as many as there are cores.", default=1
    )
    drain_seconds: float = fixed("How long streams in flight may go on after a stop.", default=10.0, ge=0, le=600)
    tls_certificate: str | None = protected("PEM file with the certificate chain; turns TLS on.", default=None)
    tls_key: str | None = protected("PEM file with the private key.", default=None)
    trusted_proxies: tuple[str, ...] = protected(
        "Networks of reverse proxies, whose X-Forwarded-For and X-Forwarded-Proto are believed.", default=THIS_MACHINE
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_network(each) for each in networks):
            raise ValueError("a proxy is written as 192.168.1.5, 192.168.1.0/24 or fd00::/8")
        return networks
