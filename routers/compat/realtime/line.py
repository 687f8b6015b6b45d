"""A session of this dialect on a call: what the caller says comes from a track, and what it hears goes to one."""

from __future__ import annotations

from contextlib import aclosing

from routers.compat.realtime.microphone import Microphone
from routers.compat.realtime.playback import LinePlayback
from routers.compat.realtime.response_encoder import ResponseEncoder
from routers.compat.realtime.session_schemas import Format
from routers.compat.realtime.translation import LINE_FORMAT
from routers.webrtc.calls import Line
from stts.conversation.services import SessionServices
from stts.conversation.session import ConversationSession

FULL_SCALE = 32_767


class LineMicrophone(Microphone):
    """Keeps what the caller says in the format of the line, whatever formats the session names."""

    def __init__(self, services: SessionServices, stored_seconds: float) -> None:
        super().__init__(LINE_FORMAT, services, stored_seconds)

    def follow(self, format: Format, *, hold: bool) -> None:
        super().follow(LINE_FORMAT, hold=hold)


class LineAudio:
    def __init__(self, line: Line, microphone: Microphone, responses: ResponseEncoder) -> None:
        self._line, self._microphone = line, microphone
        self.playback = LinePlayback(line.backlog, responses)

    async def hear(self, session: ConversationSession) -> None:
        """Gives the session what the caller says, until it leaves."""
        await self._microphone.ready()
        try:
            async with aclosing(self._line.audio(LINE_FORMAT.rate)) as pieces:
                async for samples in pieces:
                    piece = (samples * FULL_SCALE).astype("<i2").tobytes()
                    await session.hear(self._microphone.read(piece))
        finally:
            self._microphone.clear()
