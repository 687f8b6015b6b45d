"""Calls by WebRTC of one process: opened by a request, which is answered at once, and carried on in tasks of their own.

    answer = await calls.open(id, request, offer, DIALECT, converse, sessions)  # raises as a request that is refused

`converse(socket, line)` is given the data channel as a socket, with its place among the others, and the audio of the
call; the call ends with it, with the caller, when it is hung up, and with whatever ends sockets. A call that is not
connected in time ends without it having run. It can be found among `sessions` from its answer on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import structlog
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.websockets import WebSocket

from middleware.listener import listener_of
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.parts import until_first
from routers.sockets.running_sessions import RunningSessions
from routers.sockets.socket import Socket, accepted
from routers.sockets.socket_dialect import SocketDialect
from routers.webrtc.backlog import Backlog, Counts
from routers.webrtc.channel import ChannelSocket
from routers.webrtc.offers import Offer
from routers.webrtc.ports import site_of
from stts.access.principal import ANONYMOUS, Principal
from stts.access.viewer import Viewer
from stts.analytics.call_metrics import CallMetrics
from stts.engine_api import Samples
from stts.errors import NotFound, PartNotInstalled, ShuttingDown, STTSError
from stts.peers.link import Peers
from stts.settings import CurrentSettings

if TYPE_CHECKING:
    from routers.webrtc.peer import Peer

INSTALL = "Calls by WebRTC need another library: pip install -r requirements/webrtc.txt"
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Line:
    """The audio of one call."""

    def __init__(self, peer: Peer, socket: Socket) -> None:
        self._peer, self._socket = peer, socket
        self.backlog: Backlog = peer.backlog
        """Audio that the caller hears: float32 at 24 kHz, in real time."""

    async def audio(self, rate: int) -> AsyncGenerator[Samples, None]:
        """Gives what the caller says: float32 mono at this rate, until it leaves."""
        async with aclosing(self._peer.microphone.audio(rate)) as pieces:
            async for samples in pieces:
                self._socket.active = asyncio.get_running_loop().time()
                yield samples


Converse = Callable[[Socket, Line], Awaitable[None]]
CallState = Literal["on", "off", "not_installed"]


@dataclass(eq=False, slots=True)
class Call:
    id: str
    principal: Principal
    answer: asyncio.Future[str]
    hung_up: asyncio.Event
    task: asyncio.Task[None] | None = None

    @property
    def viewer(self) -> Viewer:
        return self.principal.viewer

    def hang_up(self) -> None:
        self.hung_up.set()


class Calls:
    """One for the process."""

    def __init__(
        self,
        limiter: ConnectionLimiter,
        settings: CurrentSettings,
        registry: CollectorRegistry | None = None,
        peers: Peers | None = None,
    ) -> None:
        """`registry`: of the metrics that tell of them. `peers`: the other workers of this server."""
        self._limiter, self._settings = limiter, settings
        self._open: set[Call] = set()
        self.sessions = RunningSessions(peers=peers, name="calls")
        """Those of dialects that find them by the ids of their calls."""
        self.counts = Counts()
        if registry is not None:
            CallMetrics(lambda: (len(self._open), self.counts.spoken, self.counts.starved), registry)

    @property
    def open_calls(self) -> int:
        return len(self._open)

    @property
    def state(self) -> CallState:
        """Whether calls are taken, without a look into their library."""
        if not self._settings().webrtc.enabled:
            return "off"
        return "on" if find_spec("aiortc") is not None else "not_installed"

    async def require(self) -> None:
        """Raises NotFound where calls are off, PartNotInstalled where their library is missing."""
        match self.state:
            case "off":
                raise NotFound("Calls by WebRTC are off (webrtc.enabled): open a WebSocket.")
            case "not_installed":
                raise PartNotInstalled(INSTALL)
        await asyncio.to_thread(import_module, "routers.webrtc.peer")

    async def open(
        self,
        id: str,
        request: Request,
        offer: Offer,
        dialect: SocketDialect,
        converse: Converse,
        sessions: RunningSessions,
    ) -> str:
        """Returns the answer to an offer. Raises what a socket can be refused with."""
        await self.require()
        principal = request.scope["state"].get("principal") or ANONYMOUS
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        call = Call(id, principal, answer, asyncio.Event())
        self._open.add(call)
        work = self._carry_on(call, request, offer, dialect, converse, sessions)
        call.task = asyncio.create_task(work, name="call")
        call.task.add_done_callback(partial(self._end, call))
        # A request that was given up asks for its answer no more.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            told = await asyncio.shield(answer)
        except asyncio.CancelledError:
            call.task.cancel()
            raise
        if await request.is_disconnected():  # nobody will ever come to it
            call.hang_up()
        return told

    async def _carry_on(
        self,
        call: Call,
        request: Request,
        offer: Offer,
        dialect: SocketDialect,
        converse: Converse,
        sessions: RunningSessions,
    ) -> None:
        """The task of a call: its errors are told to the request, or once that is answered on the data channel."""
        from routers.webrtc.peer import Peer

        settings = self._settings().webrtc
        channel = ChannelSocket(request.scope, awaited=offer.has_channel)
        site = site_of(settings, listener_of(request.scope).host)
        peer = Peer(settings, site, channel, Backlog(self.counts, is_heard=offer.listens))
        websocket = WebSocket(channel.scope, channel.receive, channel.send)
        findable = ExitStack()
        try:
            async with accepted(websocket, self._limiter, dialect) as socket:
                findable.enter_context(sessions.running(call.id, call))
                if await self._is_answered(call, peer, offer):
                    await until_first(self._run(converse, peer, socket), _hung_up(call))
        except STTSError as error:
            self._refuse(call, error)
        finally:
            findable.close()
            self._refuse(call, ShuttingDown("The call was given up."))
            await _finished(peer.aclose())

    async def _is_answered(self, call: Call, peer: Peer, offer: Offer) -> bool:
        try:
            answer = await peer.answer(offer)
        except STTSError as error:
            self._refuse(call, error)
            return False
        if not call.answer.done():
            call.answer.set_result(answer)
        return True

    async def _is_connected(self, peer: Peer) -> bool:
        seconds = self._settings().webrtc.connect_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await peer.connected()
        log.info("call was not connected", seconds=seconds)
        return False

    async def _run(self, converse: Converse, peer: Peer, socket: Socket) -> None:
        if await self._is_connected(peer):
            await converse(socket, Line(peer, socket))

    def _refuse(self, call: Call, error: STTSError) -> None:
        if not call.answer.done():
            call.answer.set_exception(error)

    def _end(self, call: Call, task: asyncio.Task[None]) -> None:
        self._open.discard(call)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call failed", error=type(error).__name__, exc_info=error)


async def _hung_up(call: Call) -> None:
    await call.hung_up.wait()


async def _finished(work: Coroutine[Any, Any, None]) -> None:
    """Waits for the end of it, even if cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
