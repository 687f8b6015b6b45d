"""ListenerSettings out of a section of the configuration: what may change while it listens is asked for each time."""

from __future__ import annotations

from middleware.listener import NO_RATES, ListenerRates, ListenerSettings, OutputDefaults
from routers.dialects import find_dialect
from routers.listeners.sections import completed, limits_of, security_of
from stts.engine_state import AUTO
from stts.settings import CurrentSettings, LimitSettings, Settings
from stts.settings.listeners import ListenerOutput, ListenerSection
from stts.settings.section import Section


def listener_settings(name: str, current: CurrentSettings) -> ListenerSettings:
    """The listener of this name. Raises KeyError where there is none, ValidationError for what its check refuses."""
    settings, live = current(), LiveSection(name, current)
    section = live.section
    return ListenerSettings(
        name=name,
        dialects=section.dialects,
        host=section.host or settings.server.host,
        port=section.port or 0,
        path=section.path or "",
        security=security_of(section, settings),
        limits=lambda: live.now().limits,
        output=lambda: live.now().output,
        rates=lambda: live.now().rates,
        cache_hours=lambda: live.now().cache_hours,
        options=options_of(section),
        tls_certificate=section.tls_certificate,
        tls_key=section.tls_key,
        trusted_proxies=settings.server.trusted_proxies,
        drain_seconds=settings.server.drain_seconds if section.drain_seconds is None else section.drain_seconds,
    )


def options_of(section: ListenerSection) -> Section | None:
    """The options of its dialect as a value of their type; None where it says none: `build_app` then takes the
    defaults, and the dialect is not imported for that. Raises ValidationError."""
    if not section.options:
        return None
    for name in section.dialects:
        if (options := find_dialect(name).options) is not None:
            return options.model_validate(section.options)
    return None


class LiveSection:
    """The section of a listener that is asked for each request, worked out once for each change of the settings."""

    def __init__(self, name: str, current: CurrentSettings) -> None:
        self._name = name
        self._current = current
        self._settings = current()
        self._take(self._settings)

    def now(self) -> LiveSection:
        """Itself, as the settings of this moment say. A listener that is gone from them drains as it was."""
        settings = self._current()
        if settings is not self._settings:
            self._settings = settings
            if self._name in settings.listeners:
                self._take(settings)
        return self

    def _take(self, settings: Settings) -> None:
        self.section = completed(settings.listeners[self._name])
        self.limits: LimitSettings = limits_of(self.section, settings)
        self.output = _output_of(self.section.output, settings)
        self.rates = _rates_of(self.section, settings)
        self.cache_hours = self.section.cache_hours


def _output_of(output: ListenerOutput, settings: Settings) -> OutputDefaults:
    return OutputDefaults(
        format=output.format or settings.tts.format,
        engine=output.engine or AUTO,
        voice=output.voice,
        language=output.language,
        sample_rate=output.sample_rate,
        text_characters=output.text_characters,
        parameters=output.parameters,
    )


def _rates_of(section: ListenerSection, settings: Settings) -> ListenerRates:
    limits = section.limits
    if limits.requests_per_minute is limits.operations_per_minute is limits.operations_at_once is None:
        return NO_RATES
    return ListenerRates(
        requests_per_minute=limits.requests_per_minute,
        operations_per_minute=limits.operations_per_minute,
        operations_at_once=limits.operations_at_once,
        place_seconds=settings.limits.place_seconds if limits.place_seconds is None else limits.place_seconds,
    )
