"""Addresses and ports that a call is taken at: which are offered to clients, and where sockets are bound.

The transport binds each interface of the machine at a port that the system chooses. Here a call is bound where the
listener is, so that a server which answers on loopback only does so by WebRTC too, and within a range of ports where
a firewall has one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from stts.errors import Busy, Unavailable
from stts.settings.webrtc import WebRTCSettings

if TYPE_CHECKING:
    from aioice import Candidate, Connection
    from aioice.ice import StunProtocol

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
GATHER_SECONDS = 3.0
"""Longest wait for STUN and TURN servers."""
WILDCARDS = ("", "0.0.0.0", "::", "*")
RECEIVE_BYTES = 262_144
"""Buffer of a socket in the kernel."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the calls of one listener are taken."""

    addresses: tuple[str, ...]
    """Addresses of this machine; none: those of all interfaces."""
    public: str | None
    """The address by which a NAT or firewall forwards to them."""
    ports: tuple[int, int] | None
    """The lowest and highest; None: any."""


def site_of(settings: WebRTCSettings, host: str) -> Site:
    """`host`: where the listener answers."""
    wanted = settings.addresses or (() if host in WILDCARDS else (host,))
    addresses = () if any(each in WILDCARDS for each in wanted) else wanted
    return Site(addresses, settings.public_address, settings.port_range)


async def gather(connection: Connection, site: Site, component: int) -> list[Candidate]:
    """Binds sockets and returns the candidates that are offered. Raises Busy where all ports are taken, Unavailable
    where nothing can be bound."""
    protocols = await _bound(connection, site, component)
    candidates = [protocol.local_candidate for protocol in protocols]
    if site.public is not None:
        candidates = [_forwarded(each, site.public) for each in candidates] + candidates
    return candidates + await _helped(connection, protocols, component)


async def _bound(connection: Connection, site: Site, component: int) -> list[StunProtocol]:
    protocols, taken = [], False
    for address in (site.addresses and await _numbers(site.addresses)) or _interfaces():
        for port in _ports(site.ports):
            try:
                protocols.append(await _bind(connection, address, port, component))
            except OSError:
                taken = True
                continue
            connection._protocols.append(protocols[-1])
            break
    if protocols:
        return protocols
    if taken and site.ports is not None:
        raise Busy("All ports of webrtc.ports are taken.", retry_after=5.0)
    raise Unavailable("No address of this machine can take a call; webrtc.addresses names them.")


async def _bind(connection: Connection, address: str, port: int, component: int) -> StunProtocol:
    from aioice.candidate import Candidate, candidate_foundation, candidate_priority
    from aioice.ice import StunProtocol

    # Bound before the event loop has it: one that is bound by the loop and fails is not closed by every loop.
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    with ExitStack() as unless_taken:
        unless_taken.callback(bound.close)
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        bound.bind((address, port))
        transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: StunProtocol(connection), sock=bound
        )
        unless_taken.pop_all()
    protocol.local_candidate = Candidate(
        foundation=candidate_foundation("host", "udp", address),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=address,
        port=transport.get_extra_info("sockname")[1],
        type="host",
    )
    return protocol


async def _helped(connection: Connection, protocols: list[StunProtocol], component: int) -> list[Candidate]:
    """Candidates that STUN and TURN servers give; those that do not answer in time give none."""
    from aioice.ice import StunProtocol, relayed_candidate, server_reflexive_candidate

    asked: list[asyncio.Task[Any]] = []
    if connection.stun_server is not None:
        asked += [
            asyncio.create_task(server_reflexive_candidate(each, connection.stun_server), name="stun")
            for each in protocols
            if _asks_outside(each.local_candidate.host)
        ]
    if connection.turn_server is not None:
        asked.append(
            asyncio.create_task(
                relayed_candidate(
                    component=component,
                    hide_related_address=False,
                    protocol_factory=lambda: StunProtocol(connection),
                    turn_server=connection.turn_server,
                    turn_username=connection.turn_username,
                    turn_password=connection.turn_password,
                    turn_ssl=connection.turn_ssl,
                    turn_transport=connection.turn_transport,
                ),
                name="turn",
            )
        )
    if not asked:
        return []
    try:
        await asyncio.wait(asked, timeout=GATHER_SECONDS)
    finally:
        answered = [task for task in asked if task.done() and not task.cancelled() and task.exception() is None]
        # Closed with the connection, also where the call was given up meanwhile.
        connection._protocols += [relay for _, relay in map(asyncio.Task.result, answered) if relay is not None]
        for task in asked:
            task.cancel()
    for task in asked:
        if task not in answered:  # operators would else not learn that a server of theirs helps nobody
            error = task.exception() if task.done() else TimeoutError()
            log.warning("no candidate from a STUN or TURN server", server=task.get_name(), error=type(error).__name__)
    return [candidate for candidate, _ in map(asyncio.Task.result, answered)]


def _forwarded(candidate: Candidate, address: str) -> Candidate:
    from aioice.candidate import candidate_foundation

    return replace_host(candidate, address, candidate_foundation("host", "udp", address))


def replace_host(candidate: Candidate, address: str, foundation: str) -> Candidate:
    from aioice.candidate import Candidate

    return Candidate(
        foundation=foundation,
        component=candidate.component,
        transport=candidate.transport,
        priority=candidate.priority + 1,
        host=address,
        port=candidate.port,
        type="host",
    )


def _ports(bounds: tuple[int, int] | None) -> list[int]:
    """In an order of chance: a port that was just left may still get packets of the call before."""
    if bounds is None:
        return [0]
    ports = list(range(bounds[0], bounds[1] + 1))
    random.shuffle(ports)
    return ports


async def _numbers(addresses: tuple[str, ...]) -> list[str]:
    """Addresses of names, as a listener at `localhost` has."""
    loop, found = asyncio.get_running_loop(), list[str]()
    for each in addresses:
        try:
            found.append(str(ipaddress.ip_address(each)))
        except ValueError:
            found += [str(info[4][0]) for info in await loop.getaddrinfo(each, 0, type=socket.SOCK_DGRAM)]
    return list(dict.fromkeys(found))


def _interfaces() -> list[str]:
    from aioice.ice import get_host_addresses

    return get_host_addresses(use_ipv4=True, use_ipv6=True) or ["127.0.0.1"]


def _asks_outside(host: str) -> bool:
    address = ipaddress.ip_address(host)
    return address.version == 4 and not address.is_loopback
