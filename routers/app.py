"""`build_app`: the ASGI application of one listener, over services that several listeners may share."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from fastapi import FastAPI
from starlette.routing import BaseRoute

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from middleware.edge import wrap
from middleware.edge.dialect import EdgeDialect
from middleware.edge.route_table import RouteTable
from middleware.edge.unrouted import Unrouted
from middleware.listener import ListenerSettings, default_listener
from middleware.serving.lifecycle import Lifecycle
from routers.dialects import COMPATIBLE, DIALECTS, PAGES, find_dialect
from routers.http.deferred_route import analyse_routes
from routers.pages.api_document import framework_app, with_examples
from routers.repeating import put_around
from routers.services import Services, build_services
from stts.access.remainders import Remainders
from stts.settings import Settings


def build_app(services: Services, listener: ListenerSettings) -> FastAPI:
    """The routes of the listener's dialects behind the classes of the edge.

    Its routes are analysed after the start, or when they are first asked.

    Raises KeyError for a dialect that does not exist, MissingPolicy for a route that states none.
    """
    if unknown := set(listener.dialects) - {*DIALECTS, *COMPATIBLE}:
        raise KeyError(f"{listener.name}: there is no dialect {', '.join(sorted(unknown))}")
    # Where two know a path, that of the one system counts before that which many speak.
    dialects = [find_dialect(name) for name in (*COMPATIBLE, *DIALECTS) if name in listener.dialects]
    defaults = [dialect.options() for dialect in dialects if dialect.options is not None]
    if listener.options is None and defaults:
        listener = replace(listener, options=defaults[0])
    app = framework_app(has_document=PAGES in dialects)
    routes: dict[EdgeDialect, list[BaseRoute]] = {dialect: [] for dialect in dialects}
    if PAGES in dialects:
        routes[PAGES] += app.routes
    for dialect in dialects:
        for each in dialect.routes(services, listener):
            routes[dialect] += each.router.routes
            # Not included, which would make each route a second time.
            app.router.routes += each.router.routes
    if services.lifecycle.phase == "starting":
        services.lifecycle.on_start.append(partial(analyse_routes, app.router.routes))
    if PAGES in dialects:
        with_examples(app)
    table = RouteTable(routes)
    app.add_middleware(Unrouted, table=table)
    remainders = Remainders(services.access.quotas)
    # The database of keys opens only a listener that says so: one with keys of its own knows no others.
    directory = services.access.directory if listener.security.keys else None
    if services.repeating is not None:
        put_around(app, listener, replace(services.repeating, directory=directory), remainders)
    return wrap(
        app,
        listener,
        table,
        services.secrets,
        directory,
        services.access.rates,
        services.access.audit,
        services.access.refusals,
        services.tracer,
        remainders,
        services.access.operations,
        services.access.listener_places(listener.name),
        services.access.key_failures(listener.name),
    )


def create_app(
    settings: Settings,
    *,
    config: ConfigAdapter | None = None,
    registry: Registry | None = None,
    lifecycle: Lifecycle | None = None,
) -> FastAPI:
    """The application of the one listener that the settings describe, with every dialect, over services of its own.

    Raises InvalidConfiguration, as `build_services` does.
    """
    services = build_services(settings, config=config, registry=registry, lifecycle=lifecycle)
    return build_app(services, default_listener(services.settings, tuple(DIALECTS)))
