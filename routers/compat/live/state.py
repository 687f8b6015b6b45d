"""State that the parts of one Live session share, and what they do with it: tell, play, end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from routers.compat.live.errors import error_event
from routers.compat.live.fixture import FIXTURE
from routers.compat.live.hearing import Hearing
from routers.compat.live.hub import Hub
from routers.compat.live.link import LiveLink
from routers.compat.live.opening import Opening
from routers.compat.live.outgoing import Event, Outgoing
from routers.compat.live.speaking import Speaking
from routers.compat.live.timeline import InputPlaces, Timeline
from stts.access.viewer import Viewer
from stts.conversation.continuous import ContinuousOutput
from stts.conversation.services import ServicesFor
from stts.conversation.session import ConversationSession
from stts.errors import Conflict, STTSError
from stts.settings import CurrentSettings

Reason = Literal["close_requested", "expired", "content", "remote_hangup", "connection_lost"]
DRAIN_SECONDS = 10.0
"""Seconds that a session which is closed has for what it began."""


class LiveState:
    """Lends to its brain the Stage of `delegation/brain.py`."""

    def __init__(
        self,
        opening: Opening,
        link: LiveLink,
        services_for: ServicesFor,
        settings: CurrentSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.object, self.brain, self.link, self.settings = opening.object, opening.brain, link, settings
        self.services = services_for(link.context)
        self.core = ConversationSession(self.services, opening.config, opening.history, clock=clock)
        self.timeline = Timeline(clock)
        self.places = InputPlaces()
        self.hub = Hub(link.rate, lambda: settings().live.sidebands)
        self.hearing = Hearing(self.core, self.timeline, self.places, self.hub.heard)
        self.mixer = ContinuousOutput(link.rate)
        self.speaking = Speaking(self.core, lambda: self.fixture)
        self.outgoing = Outgoing(self._too_far_behind)
        self.behind = False
        """It has ended because its client did not read."""
        self.fixture = False
        """One is being played."""
        self.closing = False
        self.rest_by = 0.0
        """Second on the timeline by which a session that closes is over."""
        self.active = 0.0
        """Second on the timeline at which a client sent something last, or something was spoken."""
        self.quota_told = False
        """Its caller knows that a quota is used up."""
        self.reason: Reason | None = None
        """Why it has ended."""
        self.over = asyncio.Event()
        self._close_id: str | None = None
        self._closed: Event | None = None
        self._fixture_id: str | None = None
        self._ids = f"event_{secrets.token_hex(6)}"
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def viewer(self) -> Viewer:
        return self.link.principal.viewer

    @property
    def strict(self) -> bool:
        return self.settings().live.strict

    @property
    def free(self) -> bool:
        return self.speaking.free

    @property
    def at_rest(self) -> bool:
        """Nothing that was begun is unfinished."""
        heard = self.core.words_known and not self.core.user_speaks
        return heard and self.speaking.idle and self.mixer.idle and not self.brain.pending

    def expects(self) -> bool:
        """Speech is being made."""
        return self.core.active is not None

    def heard_from(self) -> None:
        """Somebody sends something, or something is being said."""
        self.active = self.timeline.seconds

    def tell(self, event: Event) -> None:
        told = {"event_id": self.next_id(), **event}
        self.outgoing.tell(told)
        self.hub.tell(told)

    def answer(self, event: Event, client_event_id: str | None) -> None:
        """Tells an event that a command has brought about."""
        self.tell(event if client_event_id is None else {**event, "client_event_id": client_event_id})

    def delegate(self, *, response_id: str | None = None, id: str | None = None) -> str:
        id = id or f"delegation_{secrets.token_hex(10)}"
        delegation = {"id": id, "type": "delegation", "target": self.object.delegation.type}
        if response_id is not None:
            delegation["response_id"] = response_id
        self.tell({"type": "session.delegation.created", "offset_ms": self.timeline.now, "delegation": delegation})
        return id

    def say(self, text: str) -> None:
        self.speaking.say(text)

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(self._told(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def end(self, reason: Reason) -> None:
        """Ends it at once, with `session.closed`."""
        if self.reason is None:
            self.reason = reason
            self.over.set()

    def _too_far_behind(self) -> None:
        self.behind = True
        self.end("connection_lost")

    def close(self, client_event_id: str | None = None) -> None:
        """Ends it when what was begun is done: speech, and what was delegated here."""
        if not self.closing:
            self.closing, self._close_id = True, client_event_id
            self.rest_by = self.timeline.seconds + DRAIN_SECONDS

    def hang_up(self) -> None:
        self.end("close_requested")

    def require_open(self) -> None:
        """Raises Conflict."""
        if self.closing:
            raise Conflict("The session is closing.")

    def closed(self) -> Event:
        """The last event, the same each time. Where no reason was given the connection was lost."""
        if self._closed is None:
            self._closed = self._last_event()
        return self._closed

    def usage(self) -> dict[str, Any]:
        # A frame is told a moment before it is due: rounded down, 16 s would be 15 now and then.
        return {"seconds": round(self.timeline.seconds)}

    def _last_event(self) -> Event:
        reason, session = self.reason or "connection_lost", self.object.wire()
        event = {"type": "session.closed", "reason": reason, "session": session, "usage": self.usage()}
        event["event_id"] = self.next_id()
        return event if self._close_id is None else {**event, "client_event_id": self._close_id}

    async def play_fixture(self, pcm: bytes, client_event_id: str | None) -> None:
        """Plays a recording at the rate of the link, over everything."""
        self.speaking.forget()
        self.core.cancel()
        self.interrupted()
        self.fixture, self._fixture_id = True, client_event_id
        self.mixer.add(FIXTURE, pcm)
        self.mixer.end(FIXTURE)
        self.hearing.covered = True
        self.answer({"type": "session.output_audio.fixture.playing"}, client_event_id)
        await self.hearing.end_turn()

    def fixture_played(self) -> None:
        """The last of the recording is on its way."""
        if self.fixture:
            self.fixture = self.hearing.covered = False
            self.answer({"type": "session.output_audio.fixture.played"}, self._fixture_id)

    def interrupted(self) -> None:
        """Nothing of what was being said goes out any more. A fixture is not interrupted."""
        if self.fixture:
            return
        self.mixer.clear()
        self.outgoing.interrupted()
        self.hub.interrupted()
        self.link.interrupted()

    def next_id(self) -> str:
        """Returns the id of another event."""
        self._number += 1
        return f"{self._ids}{self._number}"

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except STTSError as error:
            self.tell(error_event(error))
