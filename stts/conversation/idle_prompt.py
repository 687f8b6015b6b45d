"""The idle prompt of a session: when nobody has spoken for so long, that is told, and a reply is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from stts.conversation.config import ReplyOrder
from stts.conversation.events import PromptDue
from stts.conversation.segmenter import SpeechSegmenter
from stts.conversation.session_state import SessionState
from stts.conversation.unheard import unheard


class IdlePrompt:
    def __init__(self, state: SessionState, segmenter: SpeechSegmenter, on_due: Callable[[ReplyOrder], None]) -> None:
        """`segmenter` says how much was heard so far. `on_due` gets the order of the reply."""
        self._state = state
        self._segmenter = segmenter
        self._on_due = on_due
        self._timer: asyncio.TimerHandle | None = None

    def watch_silence(self) -> None:
        """Restarts the time after which it is due."""
        self.cancel()
        seconds, turns = self._state.config.prompt_after, self._state.turns
        if seconds > 0 and turns.quiet and not turns.winding_down:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._due)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        self.cancel()
        self._on_due = unheard

    def _due(self) -> None:
        if not self._state.turns.quiet:  # audio came without turn detection
            return
        self._state.outbox.emit(PromptDue(self._segmenter.position))
        self._on_due(ReplyOrder(text=self._state.config.prompt or None))
