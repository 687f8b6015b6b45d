"""The Wyoming dialect, on a port of its own."""

from __future__ import annotations

from stts.settings.section import Section, fixed, live, protected


class WyomingSettings(Section):
    enabled: bool = fixed("Listen for Wyoming clients such as Home Assistant.", default=False)
    host: str = protected("Address to listen on; the protocol knows no keys.", default="127.0.0.1")
    port: int = protected("Port to listen on.", default=10300, ge=0, le=65535)
    connections: int = live("Connections at once.", default=64, ge=1, le=10_000)
