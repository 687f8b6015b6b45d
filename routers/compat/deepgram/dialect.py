"""Deepgram's API: /v1/listen and /v1/speak, over HTTP and as sockets, and the list of models."""

from __future__ import annotations

from collections.abc import Sequence

from middleware.edge.credentials import bearer, key_header, named_protocols, token
from middleware.listener import ListenerSettings
from routers.compat.deepgram.errors import DeepgramError, render_deepgram_error
from routers.compat.deepgram.live import LiveListenRoutes
from routers.compat.deepgram.model_list import ModelRoutes
from routers.compat.deepgram.options import DeepgramOptions
from routers.compat.deepgram.recorded import RecordedListenRoutes
from routers.compat.deepgram.speak_socket import SpeakSocketRoutes
from routers.compat.deepgram.speech import SpeakRoutes
from routers.dialect import Dialect, Routes
from routers.services import Services
from stts.access.policy import RouteKind


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    return (
        LiveListenRoutes(services, listener),
        RecordedListenRoutes(services, listener),
        SpeakRoutes(services, listener),
        SpeakSocketRoutes(services, listener),
        ModelRoutes(services),
    )


DEEPGRAM = Dialect(
    name="deepgram",
    prefixes={"/": RouteKind.USE},
    routes=_routes,
    render_error=render_deepgram_error,
    error_shape=DeepgramError,
    credentials=(token, bearer, named_protocols, key_header),
    request_id_header="dg-request-id",
    options=DeepgramOptions,
)
