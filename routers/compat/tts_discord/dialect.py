"""The dialect of the TTS Discord System: a text in the voice of a file of the references folder."""

from __future__ import annotations

from collections.abc import Sequence

from middleware.listener import ListenerSettings
from routers.compat.tts_discord.errors import render_error
from routers.compat.tts_discord.lists import ListRoutes
from routers.compat.tts_discord.references import References
from routers.compat.tts_discord.schemas import DiscordOptions
from routers.compat.tts_discord.speech import SpeechRoutes
from routers.dialect import Dialect, Routes
from routers.http.detail_errors import DetailError
from routers.services import Services
from stts.access.policy import RouteKind


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    references = References(_options(listener))
    speech = SpeechRoutes(services, listener, references)
    return speech, ListRoutes(services, references, speech)


async def _on_start(services: Services, listener: ListenerSettings) -> None:
    options = _options(listener)
    if options.preload:
        await SpeechRoutes(services, listener, References(options)).preload()


def _options(listener: ListenerSettings) -> DiscordOptions:
    return listener.options if isinstance(listener.options, DiscordOptions) else DiscordOptions()


DISCORD = Dialect(
    name="discord",
    prefixes={"/": RouteKind.USE},
    routes=_routes,
    render_error=render_error,
    error_shape=DetailError,
    options=DiscordOptions,
    on_start=_on_start,
)
