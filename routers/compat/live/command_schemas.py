"""Commands of GPT-Live clients, told apart by their `type`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict

from routers.compat.live.tokens import TokenLimited
from routers.sockets.messages import Messages

APPEND_TOKENS = 500


class Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    event_id: str | None = None


class Start(Command):
    type: Literal["session.start"]
    session: dict[str, Any]


class Update(Command):
    type: Literal["session.update"]
    session: dict[str, Any]


class AudioAppend(Command):
    type: Literal["session.input_audio.append"]
    audio: str
    """Base64."""


class Mute(Command):
    type: Literal["session.input_audio.mute", "session.input_audio.unmute"]


class Append(Command):
    type: Literal["session.instructions.append", "session.thinking.append", "session.commentary.append"]
    content: Annotated[str, TokenLimited(APPEND_TOKENS)]
    delegation_id: str | None = None


class FixturePlay(Command):
    type: Literal["session.output_audio.fixture.play"]
    audio: str
    """Base64 of pcm16 mono at 24 kHz, whatever the format of the session."""


class ResponseCommand(Command):
    type: Literal["response.item.create", "response.create"]
    item: dict[str, Any] | None = None


class DecisionCommand(Command):
    type: Literal["decision.create", "decision.item.create", "decision.item.delete"]


class Tone(Command):
    type: Literal["transport.dtmf.send"]


class Close(Command):
    type: Literal["session.close"]


COMMANDS: Messages[Command] = Messages(
    Start, Update, AudioAppend, Mute, Append, FixturePlay, ResponseCommand, DecisionCommand, Tone, Close
)
EVENT_ID_CHARACTERS = 512
