"""A messenger that keeps what it is asked to do, and refuses as it is told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from clients.telegram.messenger import Action, AudioFile, Buttons, VoiceNote


@dataclass
class InMemory:
    takes_waveforms: bool = True
    texts: list[tuple[int, str]] = field(default_factory=list)
    buttons: list[Buttons] = field(default_factory=list)
    voices: list[tuple[int, VoiceNote]] = field(default_factory=list)
    files: list[tuple[int, AudioFile]] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    changes: list[tuple[int, str | None]] = field(default_factory=list)
    """Numbers of messages that were changed, with their new texts; None: they were taken back."""
    failures: deque[Exception] = field(default_factory=deque)
    """Raised by the next calls, one each."""

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.popleft()

    async def send_text(self, chat: int, text: str, *, buttons: Buttons = (), replies_to: int | None = None) -> int:
        self._fail()
        self.texts.append((chat, text))
        self.buttons.append(buttons)
        return len(self.texts)

    async def edit_text(self, chat: int, message: int, text: str, *, buttons: Buttons = ()) -> None:
        self._fail()
        self.changes.append((message, text))

    async def send_voice(self, chat: int, note: VoiceNote, *, caption: str = "", replies_to: int | None = None) -> None:
        self._fail()
        self.voices.append((chat, note))

    async def send_audio(self, chat: int, file: AudioFile, *, replies_to: int | None = None) -> None:
        self._fail()
        self.files.append((chat, file))

    async def show(self, chat: int, action: Action) -> None:
        self._fail()
        self.actions.append(action)

    async def delete(self, chat: int, message: int) -> None:
        self._fail()
        self.changes.append((message, None))

    async def answer_press(self, press: str, text: str = "") -> None:
        self._fail()

    async def offer(self, commands: Sequence[tuple[str, str]], language: str | None = None) -> None:
        self._fail()
