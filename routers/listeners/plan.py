"""The listeners of the configuration, as the supervisor runs them: over the services that all share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp

from middleware.edge.route_table import RouteTable
from middleware.listener import ListenerSettings, default_listener
from middleware.serving.connections import Connections, connections_of
from middleware.serving.file_limit import FILES_PER_CONNECTION
from middleware.serving.late_app import LateApp
from middleware.serving.listener_plan import Placed, Wanted
from middleware.serving.listening import Addresses, CannotListen
from middleware.serving.prefixes import Prefixes, PrefixListener
from middleware.serving.server import HTTPListener, server_config
from middleware.serving.supervisor import ListenerStatus
from routers.app import build_app
from routers.dialects import DIALECTS, find_dialect
from routers.listeners.sections import completed
from routers.listeners.settings import listener_settings
from routers.services import Services
from stts.errors import STTSError
from stts.settings import CurrentSettings, Settings
from stts.settings.listeners import ListenerSection

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ConfiguredListeners:
    services: Services
    prefixes: Prefixes | None
    """Prefixes of the main listener; None where there is none."""
    connections: Connections
    """Connections of the main listener, among which those of a listener count that has no bound of its own."""
    addresses: Addresses

    def wanted(self) -> Mapping[str, Wanted]:
        settings = self.services.settings()
        return {
            name: _wanted(completed(section), settings)
            for name, section in settings.listeners.items()
            if section.enabled
        }

    def open(self, name: str, before: Placed | None) -> Placed:
        """Raises CannotListen."""
        current = self.services.settings
        try:
            listener = listener_settings(name, current)
            connections = self.connections if listener.path else self._connections_of(name, listener)
        except (KeyError, ValidationError) as error:
            raise CannotListen(f"listeners.{name} is gone, or says what cannot be ({type(error).__name__}).") from error
        if listener.security.keys and self.services.access.directory is None:
            # Nobody could tell a right key from a wrong one: to let everybody in is what must not come of that.
            raise CannotListen(f"{name} wants keys, and security.keys was off when the server started: restart it.")

        def make() -> tuple[ASGIApp, RouteTable]:
            app = build_app(self.services, listener)
            return app, app.state.route_table

        if self.services.lifecycle.phase == "starting":
            self.services.lifecycle.on_start.append(partial(_begin, self.services, listener))
        app = LateApp(make)
        if listener.path:
            assert self.prefixes is not None
            return PrefixListener(self.prefixes, listener.path, app, listener.drain_seconds)
        config = server_config(app, listener, app.table, connections=connections)
        address = (listener.host, listener.port)
        if isinstance(before, HTTPListener) and before.address == address:
            return HTTPListener(config, before.shared(), self.addresses)
        return HTTPListener(config, self.addresses.listening(*address, f"listeners.{name}"), self.addresses)

    async def begin(self, name: str) -> None:
        """An error is logged: the listener goes on without what its dialect would have done."""
        try:
            await _begin(self.services, listener_settings(name, self.services.settings))
        except (KeyError, ValidationError):
            return  # It is gone again, or says what cannot be.
        except STTSError as error:
            log.warning("listener_begins_without", listener=name, error=error.code)

    def _connections_of(self, name: str, listener: ListenerSettings) -> Connections:
        settings = self.services.settings()
        if not has_own_bound(completed(settings.listeners[name])):
            return self.connections
        return connections_of(listener.limits(), listener.other_files, self.addresses.load)


async def _begin(services: Services, listener: ListenerSettings) -> None:
    """Asks its dialects for what they do at the start of the server."""
    for name in listener.dialects:
        # In a thread: others are being answered, and to import a dialect takes a while.
        begin = (await asyncio.to_thread(find_dialect, name)).on_start
        if begin is not None:
            await begin(services, listener)


def has_own_bound(section: ListenerSection) -> bool:
    """True for a listener whose connections count apart from those of the main one."""
    return section.limits.connections is not None or section.limits.network_connections is not None


def own_connections(settings: Settings) -> int:
    """Connections that listeners may have beside those of the main one."""
    on = [completed(section) for section in settings.listeners.values() if section.enabled]
    return sum(section.limits.connections or settings.limits.connections for section in on if has_own_bound(section))


def main_listener(current: CurrentSettings) -> ListenerSettings:
    """The listener that the section `server` describes, with room for the open files of the others."""
    listener = default_listener(current, tuple(DIALECTS))
    files = FILES_PER_CONNECTION * own_connections(current())
    return replace(listener, other_files=listener.other_files + files)


def fixed_status(services: Services, name: str, dialects: tuple[str, ...], where: str) -> Callable[[], ListenerStatus]:
    """The status of a listener that lives as long as the server."""
    return lambda: ListenerStatus(name, dialects, where, services.lifecycle.phase)


def _wanted(section: ListenerSection, settings: Settings) -> Wanted:
    address = section.path or address_text(section.host or settings.server.host, section.port or 0)
    return Wanted(section.dialects, address, _fixed(section))


def address_text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _fixed(section: BaseModel) -> dict[str, Any]:
    """All but what holds from the next request on: keys that nobody may set over HTTP."""
    values: dict[str, Any] = {}
    for name, info in type(section).model_fields.items():
        value, marks = getattr(section, name), info.json_schema_extra
        if isinstance(value, BaseModel):
            values[name] = _fixed(value)
        elif isinstance(marks, dict) and marks.get("protected"):
            values[name] = value
    return values
