"""One reply of a session as a value: what was asked for, what was written and made of it, and when."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stts.chat import ReplyRequest, ReplyUsage, ToolCall
from stts.conversation.config import ReplyOrder
from stts.conversation.events import EndStatus, ReplyEnded, TurnMetrics
from stts.conversation.playback import ReplyPlayback
from stts.errors import STTSError
from stts.speech import SpeechWarning, SynthesisConfig

if TYPE_CHECKING:
    from stts.telemetry.turn import TurnSpan


@dataclass(slots=True, eq=False)
class GeneratedReply:
    """Keeps the facts of a reply; `playback` keeps what was sent and heard. Times are the clock's."""

    generation: int
    turn: int
    item: str
    """Id of the item of the history that it becomes."""
    order: ReplyOrder
    request: ReplyRequest
    speak: SynthesisConfig | None
    """None: text only."""
    playback: ReplyPlayback
    prepared_for: str = ""
    """The words that it answers, where it was begun before they were final."""
    adopted: bool = False
    """It is wanted: what is made of it may be told and sent."""
    ducked: bool = False
    """The listener was asked to turn it down."""
    text: str = ""
    unsent_text: list[str | ToolCall | SpeechWarning | ReplyUsage] = field(default_factory=list)
    """Text and calls that were written before it was adopted, or while it was held, and that this was all."""
    tokens: tuple[int, int] = (0, 0)
    """Input and output."""
    cut: bool = False
    """The model stopped at its limit."""
    error: STTSError | None = None
    asked_at: float | None = None
    """When the user's last sound was, or the reply was asked for."""
    transcribed_at: float | None = None
    first_token: float | None = None
    first_audio: float | None = None
    first_byte: float | None = None
    trace: TurnSpan | None = None
    """The trace of its turn; None where no traces are kept."""
    tasks: tuple[asyncio.Task[None], ...] = ()
    """The task that makes it, and once it is adopted the task that waits for its end."""

    @property
    def out_of_band(self) -> bool:
        return self.order.out_of_band

    @property
    def tellable(self) -> bool:
        """True if what is written of it may be told at once."""
        return self.adopted and self.playback.flowing.is_set()

    @property
    def heard_text(self) -> str:
        """The part of its text that was heard; of a reply without audio, all of it."""
        return self.playback.heard_text if self.speak is not None else self.text

    @property
    def outcome(self) -> EndStatus:
        """Status with which it ends if nobody ends it sooner."""
        if self.error is not None:
            return "failed"
        return "incomplete" if self.cut else "completed"

    def ended(self, status: EndStatus, heard: str) -> ReplyEnded:
        """Returns the event of its end; `heard`: the part of its text that stays in the history."""
        return ReplyEnded(
            self.generation,
            self.turn,
            self.item,
            status,
            self.text,
            heard,
            self.playback.sent,
            *self.tokens,
            error=self.error,
        )

    def metrics(self) -> TurnMetrics | None:
        """Returns where the time of its turn went; None for a reply that is nobody's turn."""
        if self.asked_at is None or self.out_of_band:
            return None
        since = self.asked_at

        def after(at: float | None) -> float | None:
            return None if at is None else round((at - since) * 1000, 1)

        return TurnMetrics(
            self.turn,
            self.generation,
            after(self.transcribed_at),
            after(self.first_token),
            after(self.first_audio),
            after(self.first_byte),
            speculative=bool(self.prepared_for),
        )
