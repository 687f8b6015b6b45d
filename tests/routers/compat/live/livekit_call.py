"""A voice session of LiveKit agents without a room: a microphone and a speaker of ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.routers.compat.live.spoken import ANSWERS, RATE, Microphone, Speaker

HOW = "pip install -r requirements/frameworks.txt"


class Call:
    """One call: both sides of it."""

    def __init__(self) -> None:
        self.microphone = Microphone()
        self.speaker = Speaker()
        self.user: list[str] = []
        """Whole turns."""
        self.assistant: list[str] = []
        self.interrupted: list[bool] = []
        """Whether each message of the assistant was."""
        self.delegations = 0
        self.errors: list[Any] = []


@asynccontextmanager
async def calling(call: Call, tools: list[Any] | None = None, **parts: Any) -> AsyncIterator[Any]:
    """A session of the framework. Delegations to the app are answered by ANSWERS, in order."""
    agents = pytest.importorskip("livekit.agents", reason=HOW)

    class Answering(agents.Agent):  # type: ignore[misc,name-defined]
        async def on_enter(self) -> None:
            if hasattr(parts["llm"], "audio_gate"):
                self.duplex_session.on("delegation_created", self.answer)

        def answer(self, delegation: Any) -> None:
            text = ANSWERS[call.delegations % len(ANSWERS)]
            call.delegations += 1
            self.duplex_session.append_commentary(text, delegation_id=delegation.id)

    turns = {"turn_handling": {"turn_detection": None}}
    session = agents.AgentSession(vad=None, **(turns | parts))
    session.on("conversation_item_added", lambda event: _added(call, event.item))
    session.on("error", lambda event: call.errors.append(event.error))
    session.input.audio = _input(call)
    session.output.audio = _output(call)
    await session.start(Answering(instructions="Be kind.", tools=tools or []), record=False)
    try:
        yield session
    finally:
        await session.aclose()


def _added(call: Call, item: Any) -> None:
    if getattr(item, "type", "") == "message" and item.text_content:
        said = {"user": call.user, "assistant": call.assistant}.get(item.role)
        if said is not None:
            said.append(item.text_content)
        if item.role == "assistant":
            call.interrupted.append(item.interrupted)


def _input(call: Call) -> Any:
    io, rtc = pytest.importorskip("livekit.agents.voice.io"), pytest.importorskip("livekit.rtc")

    class Input(io.AudioInput):  # type: ignore[misc,name-defined]
        async def __anext__(self) -> Any:
            data = await call.microphone.next()
            return rtc.AudioFrame(data, RATE, 1, len(data) // 2)

    return Input(label="microphone")


def _output(call: Call) -> Any:
    """A speaker that plays in real time, and says when a segment is over."""
    io = pytest.importorskip("livekit.agents.voice.io")

    class Output(io.AudioOutput):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__(label="speaker", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE)
            self._begun = 0.0
            self._seconds = 0.0
            self._ending: asyncio.TimerHandle | None = None

        async def capture_frame(self, frame: Any) -> None:
            if not self._seconds:
                self._begun = time.monotonic()
                self.on_playback_started(created_at=time.time())
            await super().capture_frame(frame)
            self._seconds += frame.duration
            call.speaker.play(bytes(frame.data))

        def flush(self) -> None:
            super().flush()
            if self._seconds and self._ending is None:
                left = max(0.0, self._begun + self._seconds - time.monotonic())
                self._ending = asyncio.get_running_loop().call_later(left, self._end, False)

        def clear_buffer(self) -> None:
            if self._seconds:
                self._end(True)

        def _end(self, interrupted: bool) -> None:
            if self._ending is not None:
                self._ending.cancel()
            self._ending = None
            seconds, self._seconds = self._seconds, 0.0
            played = min(seconds, time.monotonic() - self._begun)
            self.on_playback_finished(playback_position=played, interrupted=interrupted)

    return Output()
