"""A connection that is attached to a Live session: it commands and hears what its primary client does."""

from __future__ import annotations

from pybase64 import b64encode

from routers.compat.live.commands import Commands, parsed
from routers.compat.live.errors import error_event
from routers.compat.live.link import OutputFrame
from routers.compat.live.outgoing import Outgoing
from routers.compat.live.state import LiveState
from routers.sockets.parts import until_first
from routers.sockets.socket import Socket
from stts.errors import Busy, STTSError


class Sideband:
    def __init__(self, socket: Socket, state: LiveState) -> None:
        self._socket, self._state = socket, state
        self._commands = Commands(state)
        self._outgoing = Outgoing(lambda: socket.close_with(Busy("This connection is too far behind.")))

    async def run(self) -> None:
        """Until either leaves. Raises Conflict where too many are attached."""
        state, outgoing = self._state, self._outgoing
        outgoing.tell({"event_id": state.next_id(), "type": "session.started", "session": state.object.wire()})
        try:
            await state.hub.attach(outgoing)
            await until_first(self._obey(), outgoing.deliver(self._socket.send_json, self._play))
        finally:
            state.hub.detach(outgoing)

    async def _obey(self) -> None:
        async for data in self._socket:
            event_id = None
            self._state.heard_from()
            try:
                message, event_id = parsed(data)
                await self._commands.carry_out(message, event_id, attached=True)
            except STTSError as error:
                self._outgoing.tell({"event_id": self._state.next_id(), **error_event(error, event_id)})

    async def _play(self, frame: OutputFrame) -> None:
        """Frames that were left out leave gaps between the spans."""
        span = {"start_ms": frame.start_ms, "end_ms": frame.end_ms}
        await self._socket.send_json(
            {"type": "session.output_audio.delta", "delta": b64encode(frame.pcm).decode(), **span}
        )
