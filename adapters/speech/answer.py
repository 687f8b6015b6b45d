"""One spoken answer on its way: its text, its plan, and what was made of it so far."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from functools import partial

from adapters.speech.plan import unreadable
from adapters.speech.render import ChunkRenderer
from adapters.speech.reuse import Reuse
from adapters.speech.text_source import CompleteText, TextSource
from stts.audio.speech import SpeechRenderer
from stts.context import Priority, RequestContext
from stts.engine_api import EngineLimits
from stts.errors import EngineError, InvalidText
from stts.plans import SpeechPlan
from stts.scheduling.chunking import ChunkPlanner
from stts.scheduling.playback import Playback
from stts.speech import AudioChunk
from stts.spoken_words import moved
from stts.streams.channel import Channel
from stts.text.normalise import has_words
from stts.text.script import has_sound
from stts.text.sentences import TextCutter

JITTER_SECONDS = 0.02
"""Delay that no listener notices: every player has as much in hand."""
HURRY_SECONDS = 1.0
"""Audio that a listener has in hand below which the next piece is to begin as early as it can."""

SILENCE_SECONDS = 0.1
"""Answered for a whole text in which nothing can be spoken."""


@dataclass(slots=True)
class Speech:
    """The state of one request; one task makes it."""

    script: TextSource
    plan: SpeechPlan
    renderer: SpeechRenderer
    planner: ChunkPlanner
    playback: Playback
    context: RequestContext
    unreadable: str | None = None
    """Why the voice cannot read the text, or a part of it."""
    reuse: Reuse | None = None
    """Knows its next sentences; None where none is kept."""
    finished: bool = False
    """The piece in work is known to be the last, and the file ends with it."""
    untold: list[str] = field(default_factory=list)
    """Pieces of which nothing was heard so far."""
    told_before: int = 0
    """Characters that were told with the piece in work and stand before it: pieces of which nothing was heard."""
    unsaid: int = 0
    """Pieces with words of which the engine made no sound."""
    failed: bool = False
    """Any voice of the language would have made some of one of them."""
    resumed: bool = False
    """Another engine has begun it."""
    sent: bool = False
    """There is something of its file."""
    held: list[AudioChunk] = field(default_factory=list)
    """Audio of the text in work that is ready."""
    piece: str = ""
    """The text in work."""
    piece_seconds: float = 0.0
    """Audio of it so far."""
    underruns: int = 0
    """How often its listener had nothing to hear, as far as is known here."""
    behind: float = 0.0
    """Seconds by which the latest of its audio came too late."""
    parts: tuple[str, ...] = ()
    """The texts in which an engine is given the piece in work."""
    handed_over: bool = False
    """Another engine goes on with its text: whoever makes it still is to stop, and touches neither text nor file."""

    def successor(
        self,
        plan: SpeechPlan,
        renderer: SpeechRenderer,
        planner: ChunkPlanner,
        context: RequestContext,
        problem: str | None,
        reuse: Reuse | None = None,
    ) -> Speech:
        """The rest of it by another engine, to the same listener, who has waited already for what came too late."""
        rest = Speech(self.script, plan, renderer, planner, self.playback, context, problem, reuse)
        rest.behind, rest.resumed, rest.sent = self.behind, True, True
        return rest

    def next_piece(self, budget: int, limits: EngineLimits) -> str | None:
        """Takes a piece of the text, of so many characters at most, and begins it; None: it cannot be spoken."""
        if self.reuse is not None:
            budget = self.reuse.most_characters(self.script, budget)
        text = self.script.next_piece(budget, limits.min_characters, limits.sentence_characters)
        if text is not None:
            self.begin_piece(text)
            parts = (text,) if self.reuse is None else self.reuse.begin_piece(text)
            self.parts = tuple(map(self.plan.spoken, parts))
            if any(len(part) > limits.max_characters for part in self.parts):
                self._cut_again(limits)
        return text

    def _cut_again(self, limits: EngineLimits) -> None:
        """A dictionary has made the piece longer than the engine takes at once: then none of it is kept."""
        if self.reuse is not None:
            self.reuse.leave_piece()
        cutters = [TextCutter(part, self.plan.language) for part in self.parts]
        pieces = (iter(partial(cutter.next_piece, limits.max_characters), None) for cutter in cutters)
        self.parts = tuple(piece for cut in pieces for piece in cut if piece is not None)

    def begin_piece(self, text: str) -> None:
        self.finished = self.script.done
        self._note_writing()
        self.untold.append(text)
        self.piece, self.piece_seconds = text, 0.0

    def _note_writing(self) -> None:
        """Notes when the text of the first audio was there: for the first engine that has it, and for the first piece
        of which there may be a sound."""
        times, written_at = self.context.metrics, self.script.written_at
        if written_at is None or self.playback.begun or (times.written is not None and not self.unsaid):
            return
        times.written = max(0.0, written_at - self.context.start_time)

    def end_piece(self, made: ChunkRenderer | None = None) -> None:
        """It was made to its end: nothing of it is to be sent or said again. `made`: by an engine."""
        text, self.piece, self.held = self.piece, "", []
        if made is None:
            return
        if self.reuse is not None:
            self.reuse.end_piece(made)
        if not made.audible and has_words(text):
            self._leave_unsaid(text)

    def _leave_unsaid(self, text: str) -> None:
        """The engine made no sound of a piece. With rare signs that is no fault: anybody could put it to rest."""
        self.unsaid += 1
        self.context.warn("The engine made no sound of a part of the text.")
        why = unreadable(self.plan.spoken(text), self.plan.voice, self.plan.language)
        self.unreadable = self.unreadable or why
        self.failed = self.failed or (why is None and has_sound(self.plan.spoken(text), self.plan.language))

    def _note_underrun(self, now: float) -> None:
        """Counts audio that comes later than any before it, to a listener who has played all of that."""
        behind = now - self.playback.deadline
        if self.playback.begun and self.context.priority < Priority.COLLECTED and behind > self.behind + JITTER_SECONDS:
            self.underruns, self.behind = self.underruns + 1, behind

    def tell_times(self) -> None:
        """Writes what was measured into the context of its operation."""
        renderer, times = self.renderer, self.context.metrics
        times.characters = self.script.characters
        times.encode = renderer.encode_seconds
        times.audio_seconds = renderer.seconds
        if (span := self.context.span) is not None:
            span.ran_dry(self.underruns)
            if renderer.encoded_between is not None:
                span.encoded(*renderer.encoded_between, renderer.encode_seconds)

    def hurried(self, now: float) -> bool:
        """True if somebody listens who has nothing to hear, or soon will have."""
        if self.context.priority >= Priority.COLLECTED:
            return False
        return not self.playback.begun or self.playback.deadline - now < HURRY_SECONDS

    def put(self, chunk: AudioChunk, ready: Channel[AudioChunk]) -> None:
        """The first audible chunk of a piece tells its text. After the text was handed over, whoever has it puts it."""
        if self.handed_over:
            return
        now = time.monotonic()
        if chunk.seconds and not ready.weight:
            self._note_underrun(now)
        self.playback.made(chunk.seconds, now)
        if self.untold and chunk.seconds:
            text = " ".join(self.untold)
            chunk, self.told_before = replace(chunk, text=text), len(text) - len(self.untold[-1])
            self.untold.clear()
        if chunk.words and self.told_before:
            chunk = replace(chunk, words=moved(chunk.words, characters=self.told_before))
        self.sent, self.piece_seconds = True, self.piece_seconds + self.renderer.sent(chunk)
        ready.put(chunk, len(chunk.data))

    async def end_unheard(self, ready: Channel[AudioChunk]) -> None:
        """There is no sound. Raises InvalidText where the voice cannot read the text, EngineError where any would.

        In an answer that another has begun it is an EngineError either way: the next engine may read the rest.
        """
        why = self.unreadable if self.unsaid else None
        if why is not None and not (self.failed or self.resumed):
            raise InvalidText(why, param="text")
        if why is not None or self.failed:
            raise EngineError(f"{self.plan.instance} made no sound of this text: it may be in a script it cannot read.")
        if self.resumed:
            self.put(await asyncio.to_thread(self.renderer.finish), ready)
        elif isinstance(self.script, CompleteText):
            self.context.output_data.silent = True
            self.context.warn("Nothing in the text can be spoken: the audio is silence.")
            self.put(await asyncio.to_thread(self.renderer.silence, SILENCE_SECONDS), ready)
