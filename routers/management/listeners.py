"""/listeners: the addresses of this server, and starting, draining and restarting one without the others."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import BaseModel, Field

from middleware.edge.auditing import note_audit
from middleware.serving.supervisor import ListenerStatus, State, Supervisor
from routers.http.deferred_route import deferred_router
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.errors import Conflict, NotFound
from stts.peers.everywhere import RESTART_LISTENER, START_LISTENER, STOP_LISTENER, everywhere
from stts.peers.link import Peers

OTHERS_SECONDS = 10.0
"""Longest wait for the others."""
Name = Annotated[str, Path(max_length=64, description="A name of `listeners` in the configuration.")]
REFUSED: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no listener of this name."},
    409: {"description": "It lives as long as the server, or could not be opened; the reason is told."},
}


class ListenerShape(BaseModel):
    name: str
    dialects: tuple[str, ...]
    address: str = Field(description="Host and port, or the path on the main listener's address.")
    state: State
    problem: str | None = Field(description="Why it failed, or why a change of it could not be taken.")

    @classmethod
    def of(cls, status: ListenerStatus) -> ListenerShape:
        return cls(
            name=status.name,
            dialects=status.dialects,
            address=status.address,
            state=status.state,
            problem=status.problem,
        )


class ListenersShape(BaseModel):
    listeners: list[ListenerShape]


class ListenerRoutes:
    def __init__(self, listeners: Supervisor, peers: Peers | None = None) -> None:
        """`peers`: the other workers of this server, whose listeners of the same names go along."""
        self._listeners = listeners
        self._peers = peers
        self.router = deferred_router("listeners")
        add = self.router.add_api_route
        add("/listeners", self.all, methods=["GET"], response_model=ListenersShape)
        add("/listeners/{name}/restart", self.restart, methods=["POST"], responses=REFUSED)
        add("/listeners/{name}/start", self.start, methods=["POST"], responses=REFUSED)
        add("/listeners/{name}/stop", self.stop, methods=["POST"], responses=REFUSED)

    @policy(RouteKind.MANAGE)
    async def all(self) -> ListenersShape:
        """Every address of this server with its dialects and its state."""
        return ListenersShape(listeners=[ListenerShape.of(each) for each in self._listeners.statuses()])

    @policy(RouteKind.MANAGE, action=Action.LISTENER_RESTART)
    async def restart(self, request: Request, name: Name) -> ListenerShape:
        """A new one accepts at once; who is inside the old one finishes there. The other listeners notice nothing."""
        self._require(name)
        await everywhere(self._peers, self._listeners.restart(name), RESTART_LISTENER, name, OTHERS_SECONDS)
        return self._told(request, name)

    @policy(RouteKind.MANAGE, action=Action.LISTENER_START)
    async def start(self, request: Request, name: Name) -> ListenerShape:
        """Opens one that was stopped, or that has failed."""
        self._require(name)
        await everywhere(self._peers, self._listeners.start(name), START_LISTENER, name, OTHERS_SECONDS)
        return self._told(request, name)

    @policy(RouteKind.MANAGE, action=Action.LISTENER_STOP)
    async def stop(self, request: Request, name: Name) -> ListenerShape:
        """Lets nobody in any more, until it is started or the server starts again; who is inside finishes."""
        self._require(name)
        await everywhere(self._peers, self._listeners.stop_one(name), STOP_LISTENER, name, OTHERS_SECONDS)
        return self._told(request, name)

    def _require(self, name: str) -> None:
        """Raises NotFound, Conflict."""
        if self._listeners.knows(name):
            return
        if self._listeners.status(name) is None:
            raise NotFound("There is no listener of this name.")
        raise Conflict("This listener lives as long as the server.")

    def _told(self, request: Request, name: str) -> ListenerShape:
        """Raises Conflict where it could not be done."""
        status = self._listeners.status(name)
        assert status is not None
        note_audit(request, name, state=status.state)
        if status.problem is not None:
            raise Conflict(status.problem)
        return ListenerShape.of(status)
