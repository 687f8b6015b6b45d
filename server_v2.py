"""STTS Server: configuration -> services -> listeners (`main`). Several processes: `commands/serving.py`."""

from __future__ import annotations

if __name__ == "__main__":
    from stts.interruption import leave_quietly

    leave_quietly()
    from stts.environment import require_packages

    require_packages()

    import gc
    import sys

    from middleware.logs.structlog_import import import_structlog
    from middleware.serving.deferred_models import defer_models

    import_structlog()
    # Both until the server has started: imports make much that lives and hardly any garbage.
    gc.disable()
    defer_models()

    from commands.serving import lead

    if (status := lead(sys.argv[1:])) is not None:
        sys.exit(status)

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial

import structlog

from adapters.configuration.adapter import EXIT_STATUS, ConfigAdapter, configuration_file, startup_message
from adapters.configuration.storage_root import ROOT_VARIABLE, fallen_back, tell_fallen_back
from commands.serving import WORKERS_KEY, options_of
from engines.registry import Registry
from middleware.listener import ListenerSettings
from middleware.logs.configuring import configure_logging
from middleware.serving.connections import connections_of
from middleware.serving.file_limit import raise_file_limit
from middleware.serving.listeners import Listener, serve
from middleware.serving.listening import Addresses, CannotListen, OwnAddresses, check_free
from middleware.serving.prefixes import Prefixes
from middleware.serving.server import HTTPListener, loop_factory, server_config
from middleware.serving.service_manager import ServiceManager, told
from middleware.serving.supervisor import ListenerStatus
from middleware.serving.workers.inheritance import Inheritance
from middleware.serving.workers.worker import Worker
from routers.app import build_app
from routers.listeners.checks import whole_check
from routers.listeners.plan import ConfiguredListeners, address_text, fixed_status, main_listener
from routers.listeners.replacing import Replacement, replacement, tell_lacking, tell_unknown
from routers.services import Services, build_services
from routers.startup import running
from stts import __version__
from stts.errors import DatabaseUnusable, InvalidConfiguration
from stts.garbage_collection import freeze_gc
from stts.http_address import bracketed
from stts.peers.link import Peers
from stts.settings import Settings
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.opening import refuse_newer_file
from stts.storage.private import keep_private
from stts.switch_interval import shorten_switch_interval

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def build_listeners(
    services: Services, listener: ListenerSettings, listens: socket.socket | None, shared: Addresses | None = None
) -> Sequence[Listener]:
    """The main one on a socket at its address, Wyoming where the settings want it, and all others, over the same
    services. `listens`: None where there is no main one; `shared`: addresses that several workers have.
    Raises CannotListen."""
    addresses = shared or OwnAddresses()
    connections = connections_of(listener.limits(), listener.other_files, addresses.load)
    others, prefixes = services.listeners, None
    main: tuple[HTTPListener, ...] = ()
    if listens is not None:
        app = build_app(services, listener)
        prefixes = Prefixes(app)
        config = server_config(prefixes, listener, app.state.route_table, connections=connections)
        http = HTTPListener(config, listens, addresses)
        main = (http,)
        others.fixed.append(fixed_status(services, listener.name, listener.dialects, http.where))
    others.plan = ConfiguredListeners(services, prefixes, connections, addresses)
    others.open()
    if services.config is not None:
        services.config.on_change.append(others.look_again)
    if listens is None or not services.settings().wyoming.enabled:
        return (*main, others)

    # Most servers do without: its rooms are imported where they are wanted.
    from routers.wyoming.info import Describer
    from routers.wyoming.server import WyomingServer

    wanted = services.settings().wyoming
    wyoming = WyomingServer(
        services.for_session,
        Describer(services.engines, services.settings),
        services.settings,
        services.limiter.spools,
        services.access.audit,
        shared,
    )
    services.lifecycle.on_shutdown.append(wyoming.leave)
    where = address_text(wanted.host, wanted.port)
    others.fixed.append(fixed_status(services, "wyoming", ("wyoming",), where))
    return (wyoming, *main, others)


async def run(
    services: Services, listeners: Sequence[Listener], on_start: Callable[[], None], worker: Worker | None = None
) -> None:
    """Runs until a stop signal has come and all clients have gone."""
    manager = ServiceManager.of(os.environ)
    parent = nullcontext() if worker is None else worker.attached()
    async with running(services), told(manager, services.lifecycle), parent:
        await serve(listeners, services.lifecycle, on_start)


def announce(settings: Settings, port: int | None, others: Sequence[ListenerStatus]) -> None:
    """Prints the addresses of the server and how to make it speak. `port`: of the main one, where there is one."""
    scheme = "https" if settings.server.tls_certificate else "http"
    address = f"{scheme}://{bracketed(settings.server.host)}:{port}"
    wyoming = settings.wyoming
    home = f"Wyoming:   tcp://{bracketed(wyoming.host)}:{wyoming.port}\n" if wyoming.enabled else ""
    text = (
        f"STTS Server {__version__} at {address}\n"
        f"Pages:     {address}/ (open it in a browser)\n"
        f"API:       {address}/docs\n"
        f"{home}"
        f"Speak:     curl '{address}/tts?text=Hello+world' --output hello.wav"
    )
    lines = [text if port is not None else f"STTS Server {__version__}"]
    lines += [f"{each.name}: {_place(each, settings, address)} ({', '.join(each.dialects)})" for each in others]
    with suppress(OSError):  # a full disk, or a reader that has gone, is no reason not to serve
        print("\n".join(lines), flush=True)  # noqa: T201 - for the person at the terminal, not for the log


def _place(listener: ListenerStatus, settings: Settings, main: str) -> str:
    if listener.address.startswith("/"):
        return f"{main}{listener.address}"
    has_tls = settings.listeners[listener.name].tls_certificate is not None
    return f"{'https' if has_tls else 'http'}://{listener.address}"


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    given = Inheritance.of(os.environ)
    if options.workers is not None:
        os.environ[WORKERS_KEY] = options.workers
    address = {name: value for name in ("host", "port") if (value := getattr(options, name)) is not None}
    try:
        replaced = None if options.system is None else replacement(options.system, options.env_file, address)
        if replaced is None:
            os.environ.update({f"STTS_SERVER__{name.upper()}": value for name, value in address.items()})
        start = _start(options.config, replaced, None if given is None else Worker(given))
    except (InvalidConfiguration, DatabaseUnusable, CannotListen) as error:
        named = configuration_file(options.config)
        text = startup_message(error, named) if isinstance(error, InvalidConfiguration) else str(error)
        print(text, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return EXIT_STATUS
    return start()


def _configured(
    file: str | None, replaced: Replacement | None, registry: Registry, worker: Worker | None
) -> ConfigAdapter:
    """The configuration, with a home that can be written to; logs are as it says. Raises InvalidConfiguration."""
    load = partial(
        ConfigAdapter.load,
        configuration_file(file),
        check=whole_check(registry, has_main=replaced is None),
        above=replaced.layer if replaced is not None else None,
    )
    config = load()
    if (home := fallen_back(config.current().storage)) is not None:
        os.environ[ROOT_VARIABLE] = home
        config = load()
    keep_private(group_access=config.current().storage.group_access)
    configure_logging(config.current, worker=None if worker is None else worker.number)
    config.log_origins()
    if home is not None:
        tell_fallen_back(home)
    return config


def _start(file: str | None, replaced: Replacement | None, worker: Worker | None) -> Callable[[], int]:
    """Makes all that can be refused; what it returns serves. Raises InvalidConfiguration, DatabaseUnusable,
    CannotListen."""
    registry, alone = Registry(), replaced is not None
    config = _configured(file, replaced, registry, worker)
    settings = config.current()
    if replaced is not None:
        tell_unknown(replaced)
        tell_lacking(replaced, settings, registry)
    if settings.opens_database:
        refuse_newer_file(DatabaseAddress.of(settings))
    listener = main_listener(config.current)
    raise_file_limit(settings.limits, listener.other_files)
    shared = None if worker is None else worker.addresses
    listens = None if alone else (shared or OwnAddresses()).listening(listener.host, listener.port, "server")
    if not alone and worker is None and settings.wyoming.enabled:
        check_free(settings.wyoming.host, settings.wyoming.port, "wyoming")
    peers = None if worker is None else Peers(worker.peers)
    services = build_services(settings, config=config, registry=registry, peers=peers)
    listeners = build_listeners(services, listener, listens, shared)

    def started() -> None:
        statuses = services.listeners.statuses()
        for each in statuses:
            log.info("listening", listener=each.name, dialects=each.dialects, address=each.address)
        others = [each for each in statuses if each.name in settings.listeners]
        if worker is None or worker.is_first:
            announce(settings, None if listens is None else listens.getsockname()[1], others)
        freeze_gc()
        shorten_switch_interval()
        if worker is not None:
            worker.started()

    def serve_all() -> int:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run(services, listeners, started, worker))
        return 0

    return serve_all


if __name__ == "__main__":
    sys.exit(main())
