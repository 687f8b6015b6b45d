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
    options = listener.options if isinstance(listener.options, DiscordOptions) else DiscordOptions()
    references = References(options)
    speech = SpeechRoutes(services, listener, references)
    if options.preload:
        services.lifecycle.on_start.append(speech.preload)
    return speech, ListRoutes(services, references, speech)


DISCORD = Dialect(
    name="discord",
    prefixes={"/": RouteKind.USE},
    routes=_routes,
    render_error=render_error,
    error_shape=DetailError,
    options=DiscordOptions,
)
