"""Sessions that go on at whichever worker of a server their client comes back to."""

from __future__ import annotations

from stts.chat import Message, ToolCall
from stts.conversation.history import History, Item
from stts.errors import Conflict
from stts.peers.line import LineCut, Plain
from stts.peers.link import Peers
from stts.peers.sessions import LET_GO_SECONDS, RUNNING
from stts.settings import CurrentSettings

IN_USE = "This session is in use."


class SharedSessions:
    """One for a worker: what it tells all others of its sessions, and asks of theirs."""

    def __init__(self, peers: Peers, settings: CurrentSettings) -> None:
        self._peers = peers
        self._settings = settings

    def began(self, id: str, owner: str | None) -> None:
        self._peers.tell("sessions.began", [id, owner])

    def ended(self, id: str, owner: str | None, history: History | None) -> bool:
        """Hands a session over; None: it is not to be kept. False where nobody could take it."""
        if not self._peers.is_up:
            return False
        kept = None if history is None else to_plain(history)
        try:
            self._peers.tell("sessions.ended", [id, owner, kept, *self._bounds()])
        except LineCut:
            return False
        return True

    async def take(self, id: str, owner: str | None, *, takes_over: bool) -> History | None:
        """The history of a session that was left at any worker. `takes_over`: its older connection, at another worker,
        is ended first. Raises Conflict for one that runs on."""
        try:
            asked = [id, owner, takes_over, *self._bounds()]
            found = await self._peers.ask("sessions.take", asked, LET_GO_SECONDS + 1.0)
        except LineCut:
            return None
        if found == RUNNING:
            raise Conflict(IN_USE, param="session")
        if found is None:
            return None
        talk = self._settings().conversation
        return from_plain(found[0], History(talk.history_messages, talk.history_characters))

    async def forget(self, owner: str) -> int:
        """Forgets what a user has left, and counts it."""
        try:
            return int(await self._peers.ask("sessions.forget", owner))
        except LineCut:
            return 0

    async def counts(self) -> tuple[int, int] | None:
        """How many run at all workers, and how many were left; None where nobody can tell."""
        try:
            running, left = await self._peers.ask("sessions.counts", self._bounds())
        except LineCut:
            return None
        return running, left

    def _bounds(self) -> list[float]:
        talk = self._settings().conversation
        return [talk.kept_sessions, talk.resume_seconds]


def to_plain(history: History) -> Plain:
    """The items of a history, as plain values."""
    return [
        [
            item.id,
            item.status,
            item.message.role,
            item.message.text,
            [[call.call_id, call.name, call.arguments] for call in item.message.tool_calls],
            item.message.call_id,
        ]
        for item in history.items
    ]


def from_plain(items: Plain, history: History) -> History:
    """Puts items that `to_plain` has written into a history without any."""
    for id, status, role, text, calls, call_id in items:
        message = Message(role, text, tuple(ToolCall(*call) for call in calls), call_id)
        history.append(Item(id, message, status))
    return history
