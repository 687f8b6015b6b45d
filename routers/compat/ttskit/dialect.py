"""TTSKit's dialect: a listener of its own, since it claims `/` and `/health`."""

from __future__ import annotations

from collections.abc import Sequence

from middleware.edge.credentials import bearer, key_header
from middleware.listener import ListenerSettings
from routers.compat.ttskit.admin import AdminRoutes
from routers.compat.ttskit.engines import EngineRoutes
from routers.compat.ttskit.errors import TTSKitError, render_ttskit_error
from routers.compat.ttskit.measures import MeasureRoutes
from routers.compat.ttskit.options import TTSKitOptions
from routers.compat.ttskit.synthesis import SynthesisRoutes
from routers.compat.ttskit.system import SystemRoutes
from routers.dialect import Dialect, Routes
from routers.services import Services
from stts.access.policy import RouteKind


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    return (
        SynthesisRoutes(services, listener),
        EngineRoutes(services, listener),
        SystemRoutes(services),
        MeasureRoutes(services, listener),
        AdminRoutes(services),
    )


TTSKIT = Dialect(
    name="ttskit",
    prefixes={"/": RouteKind.USE, "/api/v1/admin": RouteKind.MANAGE},
    routes=_routes,
    render_error=render_ttskit_error,
    error_shape=TTSKitError,
    credentials=(bearer, key_header),
    options=TTSKitOptions,
)
