"""A listener: its address, its dialects, and the security and limits of its connections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.types import Scope

from middleware.serving.file_limit import wyoming_files
from stts.engine_state import AUTO
from stts.settings import CurrentSettings, LimitSettings, SecuritySettings
from stts.settings.section import Section
from stts.settings.server import THIS_MACHINE
from stts.speech import AudioFormat, SynthesisConfig

LISTENER = "listener"
"""Key of the listener in `scope["state"]`."""
NOTHING = (None,) * 4


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

    def given_to(self, config: SynthesisConfig) -> SynthesisConfig:
        """The config with these where it says nothing. One that names a voice finds the engine of that voice; who names
        an engine or a voice gets no voice and no parameters that are meant for another."""
        if config.engine not in (AUTO, self.engine):
            return config
        if config.voice is None:
            config = replace(config, engine=self.engine, voice=self.voice, language=config.language or self.language)
        if self.parameters and config.engine == self.engine:
            config = replace(config, parameters={**self.parameters, **config.parameters})
        return config if config.sample_rate else replace(config, sample_rate=self.sample_rate)

    @property
    def says_nothing(self) -> bool:
        """True where there is nothing but a format: nearly everywhere."""
        return (
            (self.voice, self.language, self.sample_rate, self.text_characters) == NOTHING
            and self.engine == AUTO
            and not self.parameters
        )


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


NO_RATES = ListenerRates()


def no_rates() -> ListenerRates:
    """Stands where there are never any."""
    return NO_RATES


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
    rates: Callable[[], ListenerRates] = no_rates
    """Asked for each request."""
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
    trusted_proxies: tuple[str, ...] = THIS_MACHINE
    """Networks of those whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    drain_seconds: float = 10.0
    """Seconds that streams in flight may go on after a stop."""


def listener_of(scope: Scope) -> ListenerSettings:
    """The listener that a request or socket came by."""
    listener: ListenerSettings = scope["state"][LISTENER]
    return listener


def listener_name(state: Mapping[str, Any]) -> str | None:
    """Name of the listener by the state of a scope; None for a scope that came by none."""
    listener: ListenerSettings | None = state.get(LISTENER)
    return listener.name if listener is not None else None


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
        trusted_proxies=settings.server.trusted_proxies,
        drain_seconds=settings.server.drain_seconds,
    )
