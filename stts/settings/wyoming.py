"""The Wyoming dialect, on a port of its own."""

from __future__ import annotations

from pydantic import field_validator

from stts.access.networks import is_network
from stts.settings.section import Section, fixed, live, protected


class WyomingSettings(Section):
    enabled: bool = fixed("Listen for Wyoming clients such as Home Assistant.", default=False)
    host: str = protected("Address to listen on; the protocol knows no keys.", default="127.0.0.1")
    port: int = protected("Port to listen on.", default=10300, ge=0, le=65535)
    allowed_addresses: tuple[str, ...] = protected(
        "Networks whose clients may connect beside this machine, as 192.168.1.0/24; needed beyond loopback.", default=()
    )
    connections: int = live("Connections at once.", default=64, ge=1, le=10_000)

    @field_validator("allowed_addresses")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_network(each) for each in networks):
            raise ValueError("an address or a network is written as 192.168.1.5, 192.168.1.0/24 or fd00::/8")
        return networks
