"""One conversation: the table of turns, between a half that listens and a half that replies.

What comes in: audio, typed messages, a client's commands. What comes out: `events()`, for one door. The session is the
only owner of its tasks: one listens, one sees to the words of utterance after utterance, and each reply has two, which
make it and say it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from types import TracebackType

from stts.chat import Message
from stts.conversation.config import ReplyOrder, SessionConfig
from stts.conversation.events import PromptDue, SessionEvent, TurnMetrics
from stts.conversation.history import History, Item, new_item_id
from stts.conversation.input import InputPipeline
from stts.conversation.outbox import Outbox
from stts.conversation.output import OutputPipeline
from stts.conversation.playback import Reply
from stts.conversation.segmenter import Utterance
from stts.conversation.services import SessionServices
from stts.conversation.session_state import SessionState
from stts.conversation.state import Command, Event, State, step
from stts.engine_api import Samples
from stts.errors import Conflict
from stts.text.fillers import only_fillers
from stts.vad.endpointing import Endpoint, Signal

ALWAYS = frozenset({Endpoint.ONSET, Endpoint.CONFIRMED, Endpoint.FALSE_ALARM})
"""What can happen in every state."""


class ConversationSession:
    """`async with` it: entering takes a place for transcription (raises Busy, UnknownEngine, InvalidParameter)."""

    def __init__(
        self,
        parts: SessionServices,
        config: SessionConfig,
        history: History,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = Outbox(self._went_out)
        self._shared = SessionState(parts, config, history, self._out, clock)
        self._answering = OutputPipeline(self._shared, self._on)
        self._hearing = InputPipeline(
            self._shared, on_signal=self._signal, on_settled=self._settled, on_words=self._words_known
        )
        self._awaited: Utterance | None = None
        """The turn whose words decide what is replied."""
        self._unanswered = False
        """The user has said something while the turn was somebody else's, and wants a reply to it."""
        self._order: ReplyOrder = ReplyOrder()
        self._prompt: asyncio.TimerHandle | None = None
        self._commands: dict[Command, Callable[[], object]] = {
            Command.DUCK: self._answering.duck,
            Command.UNDUCK: self._answering.unduck,
            Command.FORGET: self._forget,
            Command.ANNOUNCE: self._hearing.announce,
            Command.HOLD: self._answering.hold,
            Command.GO_ON: self._answering.go_on,
            Command.SPECULATE: self._hearing.checkpoint,
            Command.DISCARD: self._answering.discard,
            Command.DROP: self._drop,
            Command.CLOSE: self._answering.close,
        }

    @property
    def config(self) -> SessionConfig:
        return self._shared.config

    @property
    def history(self) -> History:
        return self._shared.history

    @property
    def state(self) -> State:
        return self._shared.state

    @property
    def active(self) -> int | None:
        """Generation of the reply that is being prepared for the listener or spoken."""
        return self._answering.active.generation if self._answering.active is not None else None

    async def __aenter__(self) -> ConversationSession:
        await self._shared.parts.check(self.config)
        await self._hearing.open()
        self._watch_silence()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._prompt is not None:
            self._prompt.cancel()
        self._answering.drop_all()
        closing = asyncio.create_task(self._close(), name="session ends")
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await asyncio.wait([closing])
            raise

    async def _close(self) -> None:
        await self._shared.end()
        await self._hearing.close()

    async def events(self) -> AsyncGenerator[SessionEvent, None]:
        """For one door. Ends with the session; raises what nobody foresaw."""
        async for event in self._out.events():
            yield event

    async def configure(self, config: SessionConfig) -> None:
        """Turns change at once, the rest with the next utterance and the next reply.

        Raises what entering raises, and changes nothing then.
        """
        await self._shared.parts.check(config)
        if config.listen != self.config.listen:
            await self._hearing.listen_as(config.listen)
        self._shared.config = config
        self._watch_silence()

    async def room(self) -> None:
        """Waits while the door is far behind with what it was told: before a command that makes a session talk."""
        await self._out.room()

    async def hear(self, samples: Samples) -> None:
        """Mono float32 at 16 kHz. Waits while too much is unheard."""
        await self._hearing.hear(samples)

    def commit(self) -> None:
        """The user's turn is over, after all audio given so far. Raises Conflict where there is none."""
        self._hearing.commit()

    def finish(self) -> None:
        """Of a session that only listens: no more audio comes. `events()` ends when all that was said is told."""
        self._hearing.finish()

    def clear(self) -> None:
        """Forgets the audio of the current turn; AudioCleared follows, behind what was committed before."""
        self._answering.discard()
        self._answering.drop_held()
        self._hearing.clear()

    def say(self, text: str, *, item: str | None = None) -> None:
        """A typed message of the user, and a reply to it. Raises Conflict while a reply is active."""
        self._require_silence()
        self.history.append(Item(item or new_item_id(), Message("user", text)))
        self.respond(ReplyOrder())

    def respond(self, order: ReplyOrder = ReplyOrder()) -> int:  # noqa: B008 - a frozen value
        """Begins a reply; its generation. Raises Conflict while one is active, unless it is an out_of_band."""
        if order.out_of_band:
            return self._answering.ask(order, self._hearing.turn)
        self._require_silence()
        self._order = order
        self._on(Event.ASKED)
        active = self._answering.active
        return active.generation if active is not None else 0

    def cancel(self, generation: int | None = None) -> bool:
        """Ends the reply named, or the active one. False: there is none."""
        if generation is not None and self._answering.drop_aside(generation):
            return True
        held, awaited = self._answering.held, self._awaited if generation is None else None
        was_held = held is not None and generation in (None, held.generation)
        was_active = self.active is not None and generation in (None, self.active)
        if was_held:
            self._answering.drop_held()
        if awaited is not None:
            awaited.answered = False
        if was_active or awaited is not None:
            self._unanswered = False
            self._on(Event.CANCELLED)
        return was_held or was_active or awaited is not None

    def played(self, generation: int, seconds: float) -> None:
        """The client says how much of a reply it has played."""
        active = self._answering.active
        if active is not None and active.generation == generation:
            active.report(seconds)

    def _on(self, event: Event) -> None:
        """One step of the table."""
        self._shared.state, commands = step(self.state, event)
        for command in commands:
            if command is Command.REPLY:
                self._reply()
            elif command is not Command.FINALIZE:  # done by whoever knows where the turn ended
                self._commands[command]()
        if event in (Event.FINISHED, Event.FAILED):
            self._answer_late()
        self._watch_silence()

    def _signal(self, signal: Signal) -> None:
        """What the ear says, as an event of the table, or beside it where the turn is not the user's."""
        kind, rules = signal.kind, self.config.turns
        interrupts = rules is None or rules.interrupt
        if kind is Endpoint.ENDED:
            self._turn_ended(signal.at)
        elif kind in ALWAYS and (self.state is State.LISTENING or interrupts):
            self._on(Event(kind))
        elif kind is Endpoint.CONFIRMED:
            self._answering.unduck()
            self._hearing.announce()
        elif kind is Endpoint.FALSE_ALARM:
            self._answering.unduck()
            self._forget()
        elif self.state is State.LISTENING and self._shared.answers:
            self._on(Event(kind))

    def _turn_ended(self, at: float) -> None:
        if self._hearing.current is None:
            return
        self._answering.unduck()
        pushed = self.config.turns is None
        if pushed and self._shared.answers and self.state is not State.LISTENING:
            self._on(Event.CANCELLED)
        if self.state is State.LISTENING and self._shared.answers:
            self._awaited = self._hearing.current
            self._on(Event.ENDED)
        elif self.state is State.LISTENING:
            self._answering.drop_held()
        self._hearing.finalize(at, answered=self._shared.answers)

    def _settled(self, utterance: Utterance, text: str) -> None:
        if self._says_something(text) and self.state is State.LISTENING and self._shared.answers:
            self._answering.prepare(utterance, text)

    def _words_known(self, utterance: Utterance) -> None:
        said = self._says_something(utterance.text)
        if utterance is not self._awaited:
            self._unanswered |= said and utterance.answered
            self._answer_late()
            return
        if said or self._unanswered:
            self._on(Event.WORDS)
            return
        self._awaited = None
        self._answering.discard()
        self._on(Event.NOTHING if self._answering.held is None else Event.NEVER_MIND)
        self._nothing_to_answer(utterance)

    def _says_something(self, text: str) -> bool:
        """`Mhm` may be an answer to a question; over a reply it only means: go on."""
        return bool(text) and not (self._answering.held is not None and only_fillers(text))

    def _answer_late(self) -> None:
        """To what was said meanwhile, now that nobody speaks."""
        if self._unanswered and self._quiet and self._shared.answers:
            self._order = ReplyOrder()
            self._on(Event.ASKED)

    def _nothing_to_answer(self, utterance: Utterance) -> None:
        after = None
        if utterance.transcribed_at is not None:
            after = round((utterance.transcribed_at - utterance.ended_at) * 1000, 1)
        self._out.tell(TurnMetrics(utterance.turn, 0, after, None, None, None))

    def _reply(self) -> None:
        """To the words awaited, or because it was asked for."""
        self._answering.drop_held()
        self._unanswered = False
        utterance, self._awaited = self._awaited, None
        if utterance is not None and utterance.known:
            self._answering.answer(utterance)
        else:
            if utterance is not None:
                utterance.answered = False
            order, self._order = self._order, ReplyOrder()
            self._answering.ask(order, self._hearing.turn)

    def _forget(self) -> None:
        """The utterance that was none, and what was prepared to answer it."""
        if self.state is State.LISTENING:
            self._answering.discard()
        self._hearing.forget()

    def _drop(self) -> None:
        self._awaited = None
        self._answering.drop("interrupted" if self._hearing.current is not None else "cancelled")

    def _require_silence(self) -> None:
        if self._answering.active is not None:
            raise Conflict("A reply is active; cancel it first.")

    def _went_out(self, reply: Reply) -> None:
        self._answering.went_out(reply)

    def _watch_silence(self) -> None:
        """Restarts the time after which the idle prompt is due."""
        if self._prompt is not None:
            self._prompt.cancel()
            self._prompt = None
        if self.config.prompt_after > 0 and self._quiet:
            self._prompt = asyncio.get_running_loop().call_later(self.config.prompt_after, self._prompt_due)

    @property
    def _quiet(self) -> bool:
        """Nobody speaks, as far as one knows."""
        current = self._hearing.current
        return self.state is State.LISTENING and (current is None or not current.confirmed)

    def _prompt_due(self) -> None:
        if not self._quiet:  # audio came without turn detection
            return
        self._out.tell(PromptDue(self._hearing.ear.position))
        self._order = ReplyOrder(text=self.config.prompt or None)
        self._on(Event.ASKED)
