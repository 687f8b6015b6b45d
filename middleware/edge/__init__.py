"""The edge: pure ASGI classes that every request and socket passes before a door opens."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from middleware.edge.authentication import Access
from middleware.edge.body_limit import UPLOADS, BodyLimit
from middleware.edge.boundary import ErrorBoundary
from middleware.edge.cors import CORS
from middleware.edge.document import describe_edge
from middleware.edge.errors import install_error_handlers
from middleware.edge.methods import Methods
from middleware.edge.ranges import Ranges
from middleware.edge.request_id import RequestId
from stts.access.client_secrets import ClientSecrets
from stts.settings import CurrentSettings


def wrap(
    app: FastAPI,
    settings: CurrentSettings,
    uploads: Sequence[str] = UPLOADS,
    secrets: ClientSecrets | None = None,
) -> FastAPI:
    """Puts the classes around an app that has not started, outside in: id, CORS, errors, body limit, access,
    methods, ranges.

    The id is outermost, so that every answer carries it; CORS is around the errors, so that pages can read them; bodies
    are limited before access is checked, because what is refused early may still be sending its body.
    """
    install_error_handlers(app)
    describe_edge(app, guarded=settings().security.api_key is not None)
    app.add_middleware(Ranges)
    app.add_middleware(Methods)
    app.add_middleware(Access, settings=settings, secrets=secrets)
    app.add_middleware(BodyLimit, settings=settings, uploads=uploads)
    app.add_middleware(ErrorBoundary)
    app.add_middleware(CORS, settings=settings)
    app.add_middleware(RequestId)
    return app
