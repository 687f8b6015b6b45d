"""Calls by WebRTC."""

from __future__ import annotations

import ipaddress
import re

from pydantic import SecretStr, field_validator

from stts.settings.section import Section, live, protected

SERVER = re.compile(r"(stun|turns?):[A-Za-z0-9._-]+(:\d{1,5})?(\?transport=(udp|tcp))?")


class IceServer(Section):
    url: str = protected("`stun:host:3478`, `turn:host:3478?transport=udp` or `turns:host:5349`.")
    username: str | None = protected("User at a TURN server.", default=None)
    credential: SecretStr | None = protected("Password at a TURN server.", default=None)

    @field_validator("url")
    @classmethod
    def _is_server(cls, url: str) -> str:
        if not SERVER.fullmatch(url):
            raise ValueError("a server is written as stun:host:3478 or turn:host:3478?transport=udp")
        return url


class WebRTCSettings(Section):
    enabled: bool = live("Take calls by WebRTC, where aiortc is installed.", default=True)
    connect_seconds: float = live("Time in which a call must be connected, or it ends.", default=15.0, gt=0, le=120)
    addresses: tuple[str, ...] = protected(
        "Addresses of this machine that calls are taken at; none: where the listener answers.", default=()
    )
    public_address: str | None = protected(
        "Address by which a NAT forwards to this machine, offered before its own.", default=None
    )
    ports: str | None = protected(
        "UDP ports of calls, as 50000-50100, one a call and address; none: any.", default=None
    )
    ice_servers: tuple[IceServer, ...] = protected(
        "STUN and TURN servers that this server asks: of each kind the first.", default=()
    )

    @field_validator("addresses")
    @classmethod
    def _are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for each in addresses:
            ipaddress.ip_address(each)
        return addresses

    @field_validator("public_address")
    @classmethod
    def _is_address(cls, address: str | None) -> str | None:
        if address is not None:
            ipaddress.ip_address(address)
        return address

    @field_validator("ports")
    @classmethod
    def _is_range(cls, ports: str | None) -> str | None:
        if ports is not None:
            low, high = _bounds(ports)
            if not 1024 <= low <= high <= 65_535:
                raise ValueError("ports are a range within 1024-65535, as 50000-50100")
        return ports

    @property
    def port_range(self) -> tuple[int, int] | None:
        """The lowest and the highest port."""
        return None if self.ports is None else _bounds(self.ports)


def _bounds(ports: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", ports.strip())
    if found is None:
        raise ValueError("ports are a range within 1024-65535, as 50000-50100")
    return int(found[1]), int(found[2])
