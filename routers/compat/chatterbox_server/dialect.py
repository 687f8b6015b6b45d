"""The dialect of Chatterbox-TTS-Server: predefined voices, recordings to be cloned, and the model behind them."""

from __future__ import annotations

from collections.abc import Sequence

from middleware.listener import ListenerSettings
from routers.compat.chatterbox_server.errors import render_error
from routers.compat.chatterbox_server.lists import ListRoutes
from routers.compat.chatterbox_server.model import ModelRoutes, Models
from routers.compat.chatterbox_server.schemas import ChatterboxOptions
from routers.compat.chatterbox_server.settings import SettingRoutes
from routers.compat.chatterbox_server.speech import SpeechRoutes, attachment_now
from routers.compat.chatterbox_server.uploads import UploadRoutes
from routers.compat.chatterbox_server.voices import Voices
from routers.dialect import Dialect, Routes
from routers.http.detail_errors import DetailError
from routers.services import Services
from stts.access.policy import RouteKind

MANAGING = (
    "/upload_reference",
    "/upload_predefined_voice",
    "/restart_server",
    "/save_settings",
    "/reset_settings",
    "/api/unload",
)


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    options = listener.options if isinstance(listener.options, ChatterboxOptions) else ChatterboxOptions()
    voices, models = Voices(services, options), Models(services, listener)
    model = ModelRoutes(services, models)
    speech = SpeechRoutes(services, listener, voices, models)
    lists, uploads = ListRoutes(listener, voices, model), UploadRoutes(services, voices)
    return speech, uploads, lists, model, SettingRoutes(services, listener, models)


CHATTERBOX_SERVER = Dialect(
    name="chatterbox-server",
    prefixes={
        "/": RouteKind.USE,
        **dict.fromkeys(MANAGING, RouteKind.MANAGE),
    },
    routes=_routes,
    render_error=render_error,
    error_shape=DetailError,
    own_time={"content-disposition": attachment_now},
    options=ChatterboxOptions,
)
