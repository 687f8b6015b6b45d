"""The queue: one utterance after the other, each asked for, heard while it comes and kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.desktop.model.backoff import Backoff, countdown
from clients.desktop.model.events import Asking, Ended, Event, Failed, Kept, Notice, Queued, Sounding, Stopped, Waiting
from clients.desktop.model.history import History, HistoryFailed, Recording, samples
from clients.desktop.model.server import ServerFailed, Speech, SpeechServer
from clients.desktop.sentences import Explained, Sentence
from clients.desktop.sound.device import NOTHING, Choice, Machine, SoundFailed, targets
from clients.desktop.sound.outputs import RATE, Outputs

LONGEST_QUEUE = 50
REPLAY_BYTES = 1 << 16


class QueueFull(Explained):
    """Nothing more is taken."""


@dataclass(frozen=True, slots=True)
class Utterance:
    text: str
    wishes: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of POST /tts."""
    recording: Path | None = None
    """A file of the history, which is heard again and not asked for."""
    prepare: Callable[[SpeechServer], Awaitable[Mapping[str, Any]]] | None = None
    """Further fields that the server must be asked for first. Raises ServerFailed."""


class Speaking:
    """`server` and `choices` are asked for each utterance anew: settings may have changed."""

    def __init__(
        self,
        server: Callable[[], SpeechServer],
        machine: Machine,
        choices: Callable[[], Iterable[Choice]],
        history: Callable[[], History],
        tell: Callable[[Event], None],
        backoff: Backoff = Backoff(),  # noqa: B008
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._server, self._machine, self._choices, self._history = server, machine, choices, history
        self._tell, self._backoff, self._pause = tell, backoff, pause
        self._queue: deque[tuple[int, Utterance]] = deque()
        self._more = asyncio.Event()
        self._numbers = 0
        self._now: asyncio.Task[None] | None = None
        self._outputs: Outputs | None = None

    def say(self, utterance: Utterance) -> int:
        """The number by which events name it. Raises QueueFull."""
        if len(self._queue) >= LONGEST_QUEUE:
            raise QueueFull(Sentence("queue_full", most=LONGEST_QUEUE))
        self._numbers += 1
        self._queue.append((self._numbers, utterance))
        self._tell(Queued(self._numbers, utterance.text))
        self._more.set()
        return self._numbers

    def skip(self) -> None:
        """Ends what is asked for or heard now."""
        if self._now is not None and self._now.cancel():
            self._opened().begin()

    def stop(self) -> None:
        """Ends it all, and forgets what waits."""
        while self._queue:
            self._tell(Stopped(self._queue.popleft()[0]))
        self.skip()

    def gone(self, ids: Iterable[str]) -> None:
        """Devices that the system no longer has."""
        self._opened().gone(ids)

    async def run(self) -> None:
        """Speaks what is in the queue until it is cancelled."""
        try:
            while True:
                while not self._queue:
                    self._more.clear()
                    await self._more.wait()
                number, utterance = self._queue.popleft()
                self._now = asyncio.create_task(self._one(number, utterance))
                await asyncio.wait([self._now])
                if self._now.cancelled():
                    self._tell(Stopped(number))
                elif error := self._now.exception():
                    raise error
        finally:
            self.stop()
            if self._now is not None:
                await asyncio.wait([self._now])
            self._opened().close()

    async def _one(self, number: int, utterance: Utterance) -> None:
        try:
            if utterance.recording is not None:
                await self._again(number, utterance.recording)
            else:
                await self._asked(number, utterance)
        except (ServerFailed, HistoryFailed, SoundFailed) as failed:
            self._tell(Failed(number, failed.sentence, utterance.text))

    async def _asked(self, number: int, utterance: Utterance) -> None:
        attempt = 0
        while True:
            self._tell(Asking(number))
            try:
                server = self._server()
                more = await utterance.prepare(server) if utterance.prepare else {}
                async with server.speak({**utterance.wishes, **more, "text": utterance.text}) as speech:
                    await self._heard(number, utterance.text, speech)
                return
            except ServerFailed as failed:
                attempt += 1
                wait = self._backoff.seconds_before(attempt, failed.after) if failed.again else None
                if wait is None:
                    raise
                for left, step in countdown(wait):
                    self._tell(Waiting(number, left, attempt, self._backoff.times, failed.sentence))
                    await self._pause(step)

    async def _heard(self, number: int, text: str, speech: Speech) -> None:
        if speech.warnings:
            self._tell(Notice(speech.warnings, number))
        outputs: Outputs | None = None
        with ExitStack() as stack:
            recording = self._recorded(number, text, speech, stack)
            async with aclosing(speech.blocks) as blocks:
                async for block in blocks:
                    if outputs is None:
                        outputs = self._open(number, speech.rate, speech.voice, stack)
                    recording.write(block)
                    await outputs.write(block)
            if (entry := recording.keep()) is not None:
                self._tell(Kept(number, entry))
            await self._to_the_end(number, outputs, "played_nowhere_kept" if entry else "played_nowhere")

    def _recorded(self, number: int, text: str, speech: Speech, stack: ExitStack) -> Recording:
        """A disk that is full keeps nobody from speaking."""
        recording = self._history().begin(
            speech.rate, text, speech.voice, lambda problem: self._tell(Notice(problem, number))
        )
        stack.callback(recording.drop)
        return recording

    async def _again(self, number: int, path: Path) -> None:
        rate, sound = await asyncio.to_thread(samples, path)
        with ExitStack() as stack:
            outputs = self._open(number, rate, "", stack)
            for place in range(0, len(sound), REPLAY_BYTES):
                await outputs.write(sound[place : place + REPLAY_BYTES])
            await self._to_the_end(number, outputs, "played_nowhere")

    async def _to_the_end(self, number: int, outputs: Outputs | None, unheard: str) -> None:
        if outputs is None:
            self._tell(Failed(number, Sentence("made_no_sound")))
            return
        await outputs.finish()
        if self._wanted() and not outputs.devices:
            self._tell(Failed(number, Sentence(unheard)))
        else:
            self._tell(Ended(number, outputs.delay))

    def _open(self, number: int, rate: int, voice: str, stack: ExitStack) -> Outputs:
        self.attach(rate, missing=True)
        outputs = self._opened()
        outputs.begin()
        stack.callback(outputs.begin)
        self._tell(Sounding(number, voice, tuple(device.name for device in outputs.devices)))
        return outputs

    def attach(self, rate: int = RATE, *, missing: bool = False) -> None:
        """Opens the devices that are chosen and there. What is not there keeps the rest from nothing.

        `missing`: choices whose device is not there are told.
        """
        try:
            there = self._machine.devices()
        except SoundFailed as failed:
            there = ()
            self._tell(Notice(failed.sentence))
        found = targets(self._wanted(), there)
        for choice in found.missing if there and missing else ():
            self._tell(Notice(Sentence("device_away", device=choice.shown)))
        self._opened().use(found.devices, rate)

    def _opened(self) -> Outputs:
        if self._outputs is None:
            self._outputs = Outputs(self._machine, lambda lost: self._tell(Notice(lost.reason)))
        return self._outputs

    def _wanted(self) -> list[Choice]:
        return [choice for choice in self._choices() if choice != NOTHING]
