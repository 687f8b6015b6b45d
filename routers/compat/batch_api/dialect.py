"""The dialect of the TTS Batch API: one text in, raw samples out, behind one token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.types import Scope

from middleware.edge.credentials import AdmissionHeaders
from middleware.listener import ListenerSettings
from routers.compat.batch_api.errors import render_batch_error
from routers.compat.batch_api.routes import BatchAPIRoutes
from routers.dialect import Dialect, Routes
from routers.http.detail_errors import DetailError
from routers.services import Services
from stts.access.policy import RouteKind


def user_token(scope: Scope, headers: AdmissionHeaders) -> Iterator[bytes]:
    """`user-token: <token>`."""
    return (value.strip() for name, value in scope["headers"] if name == b"user-token")


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    return (BatchAPIRoutes(services),)


BATCH_API = Dialect(
    name="batch-api",
    prefixes={"/": RouteKind.USE},
    routes=_routes,
    render_error=render_batch_error,
    error_shape=DetailError,
    credentials=(user_token,),
)
