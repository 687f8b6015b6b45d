"""Kokoro-FastAPI: OpenAI's way to speak with fields of its own, captions, phonemes and blends."""

from __future__ import annotations

from collections.abc import Sequence

from middleware.listener import ListenerSettings
from routers.compat.kokoro_fastapi.captions import CaptionRoutes
from routers.compat.kokoro_fastapi.errors import KokoroError, render_kokoro_error
from routers.compat.kokoro_fastapi.lists import ListRoutes
from routers.compat.kokoro_fastapi.phonemes import PhonemeRoutes
from routers.compat.kokoro_fastapi.speaking import Speaking
from routers.compat.kokoro_fastapi.speech import SpeechRoutes
from routers.dialect import Dialect, Routes
from routers.services import Services
from stts.access.policy import RouteKind


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    speaking = Speaking(services, listener)
    return (
        SpeechRoutes(services, speaking),
        CaptionRoutes(speaking),
        PhonemeRoutes(services),
        ListRoutes(services, speaking),
    )


KOKORO_FASTAPI = Dialect(
    name="kokoro-fastapi",
    # OpenAI's dialect behind it claims what is below /v1 too; of equal claims the first counts.
    prefixes={"/": RouteKind.USE, "/v1/": RouteKind.USE},
    routes=_routes,
    render_error=render_kokoro_error,
    error_shape=KokoroError,
)
