"""One conversation: carries out between its input and its output what the turn policy commands.

Audio, typed messages and a client's commands come in; `events()` come out, for one connection. The session is the only
owner of its tasks: one listens, one gets the words of utterance after utterance, and each reply has two, which make it
and send it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from types import TracebackType

from stts.chat import Message
from stts.conversation.config import ReplyOrder, SessionConfig
from stts.conversation.events import SessionEvent
from stts.conversation.history import History, Item, new_item_id
from stts.conversation.idle_prompt import IdlePrompt
from stts.conversation.input import InputPipeline
from stts.conversation.outbox import FrameSink, Outbox
from stts.conversation.output import OutputPipeline
from stts.conversation.reply import GeneratedReply
from stts.conversation.segmenter import Utterance
from stts.conversation.services import SessionServices
from stts.conversation.session_state import SessionState
from stts.conversation.state import Command, Event, State
from stts.conversation.turn_policy import Commands, Which
from stts.engine_api import Samples
from stts.errors import Conflict
from stts.vad.endpointing import Signal

INPUT_COMMANDS: dict[Command, Callable[[InputPipeline], None]] = {
    Command.ANNOUNCE: InputPipeline.announce,
    Command.DISCARD_UTTERANCE: InputPipeline.forget,
    Command.SPECULATE: InputPipeline.checkpoint,
}
OUTPUT_COMMANDS: dict[Command, Callable[[OutputPipeline], None]] = {
    Command.DUCK: OutputPipeline.duck,
    Command.UNDUCK: OutputPipeline.unduck,
    Command.DISCARD_PREPARED: OutputPipeline.discard,
    Command.HOLD: OutputPipeline.hold,
    Command.DROP_HELD: OutputPipeline.drop_held,
    Command.RESUME_REPLY: OutputPipeline.resume,
    Command.CLOSE: OutputPipeline.close,
}


class ConversationSession:
    """`async with` it: entering takes a place for transcription (raises Busy, UnknownEngine, InvalidParameter)."""

    def __init__(
        self,
        services: SessionServices,
        config: SessionConfig,
        history: History,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = Outbox(self._went_out)
        self._state = SessionState(services, config, history, self._outbox, clock)
        self._turns = self._state.turns
        self._output = OutputPipeline(self._state, self._replied)
        self._input = InputPipeline(
            self._state, on_signal=self._heard, on_settled=self._settled, on_words=self._words_known
        )
        self._prompt = IdlePrompt(self._state, self._input.segmenter, self._asked)

    @property
    def config(self) -> SessionConfig:
        return self._state.config

    @property
    def history(self) -> History:
        return self._state.history

    @property
    def state(self) -> State:
        return self._turns.state

    @property
    def winding_down(self) -> bool:
        """Nothing more is to begin: its connection takes no more messages and orders."""
        return self._turns.winding_down

    @property
    def at_rest(self) -> bool:
        """It was wound down, and nothing that was begun is unfinished or untold."""
        return self._input.settled and self._output.idle and self._outbox.told

    @property
    def words_known(self) -> bool:
        """The words of all turns that are over are known."""
        return self._input.words.settled

    @property
    def user_speaks(self) -> bool:
        """A turn of the user is open, and is no noise."""
        return self._turns.confirmed

    @property
    def position(self) -> float:
        """Seconds of audio that were looked at."""
        return self._input.segmenter.position

    @property
    def active(self) -> int | None:
        """Generation of the reply that is being prepared for the listener or spoken."""
        return self._output.active.generation if self._output.active is not None else None

    async def __aenter__(self) -> ConversationSession:
        self._state.plan = await self._state.services.plan(self.config)
        await self._input.open()
        self._prompt.watch_silence()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._prompt.cancel()
        self._output.drop_all()
        closing = asyncio.create_task(self._close(), name="session ends")
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await asyncio.wait([closing])
            raise

    async def _close(self) -> None:
        await self._state.end()
        await self._input.close()
        self._output.forget()
        self._prompt.close()
        self._outbox.forget()

    def events(self, frames: FrameSink | None = None) -> AsyncGenerator[SessionEvent, None]:
        """Gives the events, to one reader, until the session ends; most frames of replies to `frames`, where it is
        given. Raises an error that nobody foresaw."""
        return self._outbox.events(frames)

    async def configure(self, config: SessionConfig) -> None:
        """Turns change at once, the rest with the next utterance and the next reply.

        Raises what entering raises, and changes nothing then.
        """
        plan = await self._state.services.plan(config)
        if config.listen != self.config.listen:
            await self._input.listen_as(config.listen)
        self._state.configure(config, plan)
        self._prompt.watch_silence()

    async def room(self) -> None:
        """Waits while the connection is far behind with its events: before a command that makes a session talk."""
        await self._outbox.room()

    async def hear(self, samples: Samples) -> None:
        """Takes audio, mono float32 at 16 kHz. Waits while too much is unheard."""
        await self._input.hear(samples)

    @property
    def has_room(self) -> bool:
        """`hear` would not wait."""
        return self._input.has_room

    def hear_now(self, samples: Samples) -> None:
        """Takes audio where there is room for it."""
        self._input.hear_now(samples)

    def commit(self) -> None:
        """Ends the user's turn after all audio given so far. Raises Conflict where there is none."""
        self._input.commit()

    def finish(self) -> None:
        """Ends the audio of a session that only listens. `events()` ends when all words are told."""
        self._input.finish()

    def wind_down(self) -> None:
        """Begins nothing more: no audio is taken, and the user's turn is over. What was begun is finished and told."""
        self._turns.winding_down = True
        self._prompt.cancel()
        self._input.stop()

    def clear(self) -> None:
        """Forgets the audio of the current turn; AudioCleared follows, behind what was committed before."""
        if self._turns.winding_down:
            return
        self._carry_out(self._turns.cleared())
        self._input.clear()

    def say(self, text: str, *, item: str | None = None) -> None:
        """Takes a typed message of the user, and replies. Raises Conflict while a reply is active."""
        self._require_silence()
        self.history.append(Item(item or new_item_id(), Message("user", text)))
        self.respond(ReplyOrder())

    def respond(self, order: ReplyOrder = ReplyOrder()) -> int:  # noqa: B008 - a frozen value
        """Begins a reply and returns its generation. Raises Conflict while one is active, unless it is out of band."""
        if order.out_of_band:
            return self._output.ask(order, self._input.turn)
        self._require_silence()
        self._asked(order)
        return self.active or 0

    def cancel(self, generation: int | None = None) -> bool:
        """Ends the reply named, or the active one. False: there is none."""
        if generation is not None and self._output.drop_out_of_band(generation):
            return True
        held = self._output.held
        which: Which = "all"
        if generation is not None and generation == self.active:
            which = "active"
        elif generation is not None and held is not None and generation == held.generation:
            which = "held"
        elif generation is not None:
            return False
        commands = self._turns.cancelled(which)
        self._carry_out(commands)
        return bool(commands)

    def played(self, generation: int, seconds: float) -> None:
        """Takes the client's word for how many seconds of a reply it has played."""
        active = self._output.active
        if active is not None and active.generation == generation:
            active.playback.report(seconds)

    def _carry_out(
        self,
        commands: Commands,
        *,
        utterance: Utterance | None = None,
        text: str = "",
        order: ReplyOrder = ReplyOrder(),  # noqa: B008 - a frozen value
        at: float = 0.0,
    ) -> None:
        """Does what the policy commands. The rest is what the event was about; `at`: the end of the user's turn."""
        for command in commands:
            match command:
                case Command.FINALIZE:
                    self._input.finalize(at)
                case Command.REPLY:
                    self._output.ask(order, self._input.turn)
                case Command.PREPARE if utterance is not None:
                    self._output.prepare(utterance, text)
                case Command.ANSWER if utterance is not None:
                    self._output.answer(utterance)
                case Command.REPORT_EMPTY if utterance is not None:
                    self._outbox.emit(utterance.metrics())
                case Command.DROP:
                    self._output.drop("interrupted" if self._input.current is not None else "cancelled")
                case Command.WATCH_SILENCE:
                    self._prompt.watch_silence()
                case _ if command in INPUT_COMMANDS:
                    INPUT_COMMANDS[command](self._input)
                case _:
                    OUTPUT_COMMANDS[command](self._output)

    def _heard(self, signal: Signal) -> None:
        self._carry_out(self._turns.heard(signal.kind), at=signal.at)

    def _settled(self, utterance: Utterance, text: str) -> None:
        self._carry_out(self._turns.settled(text), utterance=utterance, text=text)

    def _words_known(self, utterance: Utterance) -> None:
        self._carry_out(self._turns.words(utterance.turn, utterance.text), utterance=utterance)

    def _asked(self, order: ReplyOrder) -> None:
        self._carry_out(self._turns.asked(), order=order)

    def _replied(self, event: Event) -> None:
        self._carry_out(self._turns.replied(event))

    def _require_silence(self) -> None:
        if self._output.active is not None:
            raise Conflict("A reply is active; cancel it first.")

    def _went_out(self, reply: GeneratedReply) -> None:
        self._output.went_out(reply)
