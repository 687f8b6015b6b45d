"""The edge: pure ASGI classes that every request and socket passes before a route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from middleware.edge.auditing import Auditing
from middleware.edge.authentication import Authentication
from middleware.edge.body_limit import BodyLimit
from middleware.edge.boundary import ErrorBoundary
from middleware.edge.conditions import Conditions
from middleware.edge.cors import CORS
from middleware.edge.document import describe_edge
from middleware.edge.errors import install_error_handlers
from middleware.edge.listener_limits import ListenerLimiting
from middleware.edge.methods import Methods
from middleware.edge.ranges import Ranges
from middleware.edge.rate_limiting import RateLimiting
from middleware.edge.request_id import RequestId
from middleware.edge.route_table import RouteMatching, RouteTable
from middleware.listener import ListenerSettings, no_rates
from stts.access.audit_trail import AuditTrail
from stts.access.client_secrets import ClientSecrets
from stts.access.concurrency import Concurrency
from stts.access.directory import KeyDirectory
from stts.access.failures import KeyFailures
from stts.access.places import ListenerPlaces
from stts.access.quota_refusals import QuotaRefusals
from stts.access.rates import RateLimiter
from stts.access.remainders import Remainders

if TYPE_CHECKING:
    from stts.telemetry.tracer import Tracer


def wrap(
    app: FastAPI,
    listener: ListenerSettings,
    table: RouteTable,
    secrets: ClientSecrets | None = None,
    directory: KeyDirectory | None = None,
    rates: RateLimiter | None = None,
    audit: AuditTrail | None = None,
    refusals: QuotaRefusals | None = None,
    tracer: Tracer | None = None,
    remainders: Remainders | None = None,
    operations: Concurrency | None = None,
    places: ListenerPlaces | None = None,
    failures: KeyFailures | None = None,
) -> FastAPI:
    """Puts the classes around an app that has not started, outside in: id, match of the route, tracing, CORS,
    errors, body limit, authentication, limits of the listener, rates, audit, methods, conditions, ranges.

    `app.state.route_table` is the table, for what answers before an app is asked. The id is outermost, so that every
    answer carries it; CORS is around the errors, so that pages can read them; bodies are limited before access is
    checked, because what is refused early may still be sending its body.
    """
    app.state.route_table = table
    install_error_handlers(app)
    guarded = listener.security.wants_key or directory is not None
    describe_edge(app, table, guarded=guarded)
    app.add_middleware(Ranges)
    app.add_middleware(Conditions)
    app.add_middleware(Methods)
    if audit is not None:
        app.add_middleware(Auditing, audit=audit)
    if rates is not None:
        told = refusals or QuotaRefusals(audit)
        app.add_middleware(RateLimiting, limiter=rates, refusals=told, remainders=remainders, operations=operations)
    if listener.rates is not no_rates:
        app.add_middleware(ListenerLimiting, listener=listener, limiter=rates, refusals=refusals, places=places)
    app.add_middleware(
        Authentication, listener=listener, secrets=secrets, directory=directory, audit=audit, failures=failures
    )
    app.add_middleware(BodyLimit, listener=listener)
    app.add_middleware(ErrorBoundary)
    app.add_middleware(CORS, listener=listener)
    if tracer is not None:
        from middleware.edge.tracing import Tracing

        app.add_middleware(Tracing, tracer=tracer)
    app.add_middleware(RouteMatching, table=table, listener=listener)
    app.add_middleware(RequestId)
    return app
