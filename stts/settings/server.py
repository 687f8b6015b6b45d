"""Address, TLS and shutdown of the server."""

from __future__ import annotations

from stts.settings.section import Section, fixed, protected


class ServerSettings(Section):
    host: str = protected("Address to listen on.", default="127.0.0.1")
    port: int = protected("Port to listen on.", default=8000, ge=0, le=65535)
    drain_seconds: float = fixed("How long streams in flight may go on after a stop.", default=10.0, ge=0, le=600)
    tls_certificate: str | None = protected("PEM file with the certificate chain; turns TLS on.", default=None)
    tls_key: str | None = protected("PEM file with the private key.", default=None)
