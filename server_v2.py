"""STTS Server: wires every part once (`create_app`) and runs it (`main`). One process; scale by instances."""

from __future__ import annotations

if __name__ == "__main__":
    from stts.environment import require_packages

    require_packages()

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol

import structlog
from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline

from adapters.configuration.adapter import EXIT_STATUS, ConfigAdapter, configuration_file, startup_message
from adapters.configuration.checks import operator_check
from adapters.configuration.exposure import check_exposure
from adapters.execution.garbage_collection import freeze_gc
from engines.registry import Registry
from middleware.edge import wrap
from middleware.edge.methods import build_routes
from middleware.serving.file_limit import raise_file_limit
from middleware.serving.lifecycle import Lifecycle
from middleware.serving.listening import CannotListen, check_free, listening
from middleware.serving.server import Server, server_config
from middleware.stages.logging import configure_logging
from routers.compat.openai.routes import OpenAIRoutes
from routers.compat.openai.timestamps import TimestampRoutes
from routers.compat.realtime.routes import RealtimeRoutes
from routers.core.conversation import ConversationRoutes
from routers.core.engines import EngineRoutes
from routers.core.health import HealthRoutes
from routers.core.stt import STTRoutes
from routers.core.tts import TTSRoutes
from routers.management.analytics import AnalyticsRoutes
from routers.management.config import ConfigRoutes
from routers.management.files import FileRoutes
from routers.pages.api_document import with_examples
from routers.pages.talk_page import TalkRoutes
from routers.services import Services, build_services
from routers.websocket.conversation.routes import ConversationSocketRoutes
from routers.websocket.conversation_v1.routes import ConversationV1Routes
from routers.websocket.stt.routes import TranscriptionSocketRoutes
from routers.websocket.tts.routes import SpeechSocketRoutes
from routers.wyoming.info import Describer
from routers.wyoming.server import WyomingServer
from stts import __version__
from stts.errors import InvalidConfiguration
from stts.settings import Settings
from stts.storage.files.store import FileStore


class Routes(Protocol):
    """What every door offers."""

    router: APIRouter


CLEANUP_SECONDS = 600.0
"""Between two looks for expired files."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def create_app(
    settings: Settings,
    *,
    config: ConfigAdapter | None = None,
    registry: Registry | None = None,
    life: Lifecycle | None = None,
) -> FastAPI:
    """The whole application. Loads no engine and no heavy library.

    With `config` the settings are those of the file it manages, live and changeable at /config; without, they are
    fixed. Raises InvalidConfiguration for engine options that their engine does not accept.
    """
    services = build_services(settings, config=config, registry=registry, lifecycle=life)
    wyoming = WyomingServer(
        services.for_session,
        Describer(services.engines, services.files, services.settings),
        services.settings,
        services.limiter.spools,
    )
    services.lifecycle.on_shutdown.append(wyoming.leave)
    routes: list[Routes] = [
        HealthRoutes(services),
        EngineRoutes(services),
        TTSRoutes(services),
        STTRoutes(services),
        ConversationRoutes(services),
        OpenAIRoutes(services),
        RealtimeRoutes(services.for_session, services.limiter, services.secrets, services.engines, services.settings),
        SpeechSocketRoutes(services),
        TimestampRoutes(services),
        TranscriptionSocketRoutes(services),
        ConversationSocketRoutes(services),
        ConversationV1Routes(services),
        TalkRoutes(),
        FileRoutes(services.files),
        AnalyticsRoutes(
            services.history,
            services.metrics,
            services.resources,
            draining=lambda: services.lifecycle.phase == "draining",
        ),
    ]
    if config is not None:
        routes.append(ConfigRoutes(config))
    app = FastAPIOffline(  # whose docs page asks nobody else for its scripts
        title="STTS Server",
        version=__version__,
        lifespan=_lifespan(services, wyoming),
        redoc_url=None,
    )
    for each in routes:
        app.include_router(each.router)
    with_examples(app)
    return wrap(app, services.settings, secrets=services.secrets)


def _lifespan(
    services: Services,
    wyoming: WyomingServer,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        lifecycle = services.lifecycle
        lifecycle.phase = "starting"
        async with services.resources.sampling():
            tasks = [asyncio.create_task(_prepare(services)), asyncio.create_task(_keep_tidy(services.files))]
            try:
                async with wyoming.listening():
                    yield
            finally:
                lifecycle.phase = "draining"
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await services.replies.close()
                await services.engines.close()

    return lifespan


async def _prepare(services: Services) -> None:
    await services.replies.prepare()
    await services.engines.preload()
    if services.lifecycle.phase == "starting":
        services.lifecycle.phase = "ready"
    await services.engines.warm_up()


async def _keep_tidy(files: FileStore) -> None:
    """Removes what has expired, now and then. A disk in trouble is no reason to stop speaking."""
    while True:
        try:
            await asyncio.to_thread(files.expire)
        except OSError as error:
            log.warning("cleanup_failed", error=type(error).__name__, errno=error.errno)
        await asyncio.sleep(CLEANUP_SECONDS)


def announce(settings: Settings, port: int) -> None:
    """Where it is and how to make it speak, for the person who started it."""
    scheme = "https" if settings.server.tls_certificate else "http"
    address = f"{scheme}://{_bracketed(settings.server.host)}:{port}"
    wyoming = settings.wyoming
    home = f"Wyoming:   tcp://{_bracketed(wyoming.host)}:{wyoming.port}\n" if wyoming.enabled else ""
    told = (
        f"STTS Server {__version__} at {address}\n"
        f"Docs page: {address}/docs\n"
        f"Talk page: {address}/talk\n"
        f"{home}"
        f"Speak:     curl '{address}/tts?text=Hello+world' --output hello.wav"
    )
    with suppress(OSError):  # a full disk, or a reader that has gone, is no reason not to serve
        print(told, flush=True)  # noqa: T201 - for the person at the terminal, not for the log


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", help="configuration file (default: config.yaml, or STTS_CONFIG)")
    parser.add_argument("--host", help="address to listen on, in place of server.host")
    parser.add_argument("--port", help="port to listen on, in place of server.port")
    parser.add_argument("--version", action="version", version=f"STTS Server {__version__}")
    options = parser.parse_args(arguments)
    for name in ("host", "port"):
        if (value := getattr(options, name)) is not None:
            os.environ[f"STTS_SERVER__{name.upper()}"] = value
    life = Lifecycle()
    try:
        registry = Registry()
        config = ConfigAdapter.load(configuration_file(options.config), check=operator_check(registry))
        settings = config.current()
        check_exposure(settings)
        configure_logging(config.current)
        config.log_moved_keys()
        raise_file_limit(settings)
        listener = listening(settings.server.host, settings.server.port)
        if settings.wyoming.enabled:
            check_free(settings.wyoming.host, settings.wyoming.port, "wyoming")
        app = create_app(settings, config=config, registry=registry, life=life)
    except (InvalidConfiguration, CannotListen) as error:
        told = startup_message(error) if isinstance(error, InvalidConfiguration) else str(error)
        print(told, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return EXIT_STATUS

    def started() -> None:
        announce(settings, listener.getsockname()[1])
        build_routes(app)
        freeze_gc()

    with listener:
        Server(server_config(app, settings), life, started).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
