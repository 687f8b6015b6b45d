"""The dialect of the Piper TTS Server: models and speakers, whole WAV files, demos and cards."""

from __future__ import annotations

from collections.abc import Sequence

from middleware.listener import ListenerSettings
from routers.compat.piper_server.errors import render_piper_error
from routers.compat.piper_server.listings import PiperListingRoutes
from routers.compat.piper_server.models import SpeechModels
from routers.compat.piper_server.options import PiperServerOptions
from routers.compat.piper_server.speech import PiperSpeechRoutes
from routers.dialect import Dialect, Routes
from routers.http.detail_errors import DetailError
from routers.services import Services
from stts.access.policy import RouteKind


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    options = listener.options if isinstance(listener.options, PiperServerOptions) else PiperServerOptions()
    models = SpeechModels(services.engines)
    return PiperSpeechRoutes(services, models, options), PiperListingRoutes(models)


PIPER_SERVER = Dialect(
    name="piper-server",
    prefixes={"/": RouteKind.USE},
    routes=_routes,
    render_error=render_piper_error,
    error_shape=DetailError,
    options=PiperServerOptions,
)
