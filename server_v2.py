"""STTS Server: configuration -> services -> listeners (`main`). One process; scale by instances."""

from __future__ import annotations

if __name__ == "__main__":
    from stts.environment import require_packages

    require_packages()

    import gc

    from middleware.logs.structlog_import import import_structlog
    from middleware.serving.deferred_models import defer_models

    import_structlog()
    # Both until the server has started: imports make much that lives and hardly any garbage.
    gc.disable()
    defer_models()

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from adapters.configuration.adapter import EXIT_STATUS, ConfigAdapter, configuration_file, startup_message
from engines.registry import Registry
from middleware.listener import ListenerSettings, default_listener
from middleware.serving.file_limit import raise_file_limit
from middleware.serving.listeners import Listener, serve
from middleware.serving.listening import CannotListen, check_free, listening
from middleware.serving.server import HTTPListener, loop_factory, server_config
from middleware.stages.logging import configure_logging
from routers.app import build_app
from routers.dialects import DIALECTS
from routers.listeners.checks import whole_check
from routers.services import Services, build_services
from routers.startup import running
from stts import __version__
from stts.errors import DatabaseUnusable, InvalidConfiguration
from stts.garbage_collection import freeze_gc
from stts.settings import Settings
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.opening import refuse_newer_file


def build_listeners(services: Services, listener: ListenerSettings, listens: socket.socket) -> Sequence[Listener]:
    """HTTP on a socket that listens already, and Wyoming where the settings want it, over the same services."""
    app = build_app(services, listener)
    http = HTTPListener(server_config(app, listener, app.state.route_table), listens)
    if not services.settings().wyoming.enabled:
        return (http,)

    # Most servers do without: its rooms are imported where they are wanted.
    from routers.wyoming.info import Describer
    from routers.wyoming.server import WyomingServer

    describer = Describer(services.engines, services.settings)
    wyoming = WyomingServer(
        services.for_session, describer, services.settings, services.limiter.spools, services.access.audit
    )
    services.lifecycle.on_shutdown.append(wyoming.leave)
    return (wyoming, http)


async def run(services: Services, listeners: Sequence[Listener], on_start: Callable[[], None]) -> None:
    """Runs until a stop signal has come and all clients have gone."""
    async with running(services):
        await serve(listeners, services.lifecycle, on_start)


def announce(settings: Settings, port: int) -> None:
    """Prints the address of the server and how to make it speak."""
    scheme = "https" if settings.server.tls_certificate else "http"
    address = f"{scheme}://{_bracketed(settings.server.host)}:{port}"
    wyoming = settings.wyoming
    home = f"Wyoming:   tcp://{_bracketed(wyoming.host)}:{wyoming.port}\n" if wyoming.enabled else ""
    text = (
        f"STTS Server {__version__} at {address}\n"
        f"Docs page: {address}/docs\n"
        f"Talk page: {address}/talk\n"
        f"{home}"
        f"Speak:     curl '{address}/tts?text=Hello+world' --output hello.wav"
    )
    with suppress(OSError):  # a full disk, or a reader that has gone, is no reason not to serve
        print(text, flush=True)  # noqa: T201 - for the person at the terminal, not for the log


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
    try:
        registry = Registry()
        config = ConfigAdapter.load(configuration_file(options.config), check=whole_check(registry))
        settings = config.current()
        configure_logging(config.current)
        config.log_origins()
        if settings.opens_database:
            refuse_newer_file(DatabaseAddress.of(settings))
        listener = default_listener(config.current, tuple(DIALECTS))
        raise_file_limit(settings.limits, listener.other_files)
        listens = listening(listener.host, listener.port)
        if settings.wyoming.enabled:
            check_free(settings.wyoming.host, settings.wyoming.port, "wyoming")
        services = build_services(settings, config=config, registry=registry)
        listeners = build_listeners(services, listener, listens)
    except (InvalidConfiguration, DatabaseUnusable, CannotListen) as error:
        text = startup_message(error) if isinstance(error, InvalidConfiguration) else str(error)
        print(text, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return EXIT_STATUS

    def started() -> None:
        announce(settings, listens.getsockname()[1])
        freeze_gc()

    with listens, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run(services, listeners, started))
    return 0


if __name__ == "__main__":
    sys.exit(main())
