"""A listener: its address, its dialects, and the security and limits of its connections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope

from middleware.serving.file_limit import wyoming_files
from stts.engine_state import AUTO
from stts.settings import CurrentSettings, LimitSettings, SecuritySettings
from stts.settings.section import Section
from stts.speech import AudioFormat

LISTENER = "listener"
"""Key of the listener in `scope["state"]`."""


@dataclass(frozen=True, slots=True)
class OutputDefaults:
    """Defaults of speech where a request does not say."""

    format: AudioFormat
    engine: str = AUTO
    voice: str | None = None
    language: str | None = None
    """BCP 47."""
    sample_rate: int | None = None
    """Hz; None: the engine's own."""
    text_characters: int | None = None
    """Longest text of one request; None: `limits.text_characters`."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of engines, as a request would give them."""


@dataclass(frozen=True, slots=True)
class ListenerRates:
    """Rates and places of the clients of one listener, whoever they are. None: no bound."""

    requests_per_minute: int | None = None
    """Requests of one client's network."""
    operations_per_minute: int | None = None
    """The same of requests that speak or listen."""
    operations_at_once: int | None = None
    """Requests that speak or listen at once, of all clients together; others wait."""
    place_seconds: float = 2.0
    """Longest wait for a place among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """One address that the server answers at. Several share one process, one event loop and all services.

    `limits` and `output` are asked for each request, because they may change while the server runs. Of the limits
    those of connections, messages and bodies hold for a listener; the others belong to the services.
    """

    name: str
    dialects: tuple[str, ...]
    """Names of those that are spoken here."""
    host: str
    port: int
    security: SecuritySettings
    limits: Callable[[], LimitSettings]
    output: Callable[[], OutputDefaults]
    rates: Callable[[], ListenerRates | None] | None = None
    """Asked for each request, which may have none; None: there are never any."""
    cache_hours: Callable[[], float | None] = lambda: None
    """Age at which speech that was made here is made anew; None: as the section `cache` says."""
    path: str = ""
    """Prefix on the address of the main listener; empty: it has an address of its own."""
    options: Section | None = None
    """The options of its dialect alone (`Dialect.options`)."""
    tls_certificate: str | None = None
    """PEM file with the certificate chain; turns TLS on."""
    tls_key: str | None = None
    """PEM file with the private key."""
    other_files: int = 0
    """Open files that the rest of the process wants; its connections are bounded so that these stay free."""
    drain_seconds: float = 10.0
    """Seconds that streams in flight may go on after a stop."""


def listener_of(scope: Scope) -> ListenerSettings:
    """The listener that a request or socket came by."""
    listener: ListenerSettings = scope["state"][LISTENER]
    return listener


def default_listener(current: CurrentSettings, dialects: tuple[str, ...] = ()) -> ListenerSettings:
    """The listener that the settings describe: `server`, `security`, `limits` and `tts.format`."""
    settings = current()
    return ListenerSettings(
        name="default",
        dialects=dialects,
        host=settings.server.host,
        port=settings.server.port,
        security=settings.security,
        limits=lambda: current().limits,
        output=lambda: OutputDefaults(current().tts.format),
        tls_certificate=settings.server.tls_certificate,
        tls_key=settings.server.tls_key,
        other_files=wyoming_files(settings.wyoming),
        drain_seconds=settings.server.drain_seconds,
    )
