"""Turns one piece of text into encoded audio: the work that runs in an engine's worker thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from stts.audio.speech import SpeechRenderer, is_audible
from stts.engine_api import Samples, SpeechParams, TimedSamples, TTSEngine, Voice
from stts.errors import EngineError
from stts.plans import SpeechPlan
from stts.scheduling.chunking import pause_after
from stts.speech import AudioChunk
from stts.spoken import SpokenPiece
from stts.spoken_words import SpokenWord, Words, moved
from stts.streams.closing import closing_iterator
from stts.text.word_places import WordPlaces

GATHER_SECONDS = 0.01
"""Longest wait of audio for more of it."""
LEISURE_SECONDS = 0.25
"""The same where nobody waits for audio: what an item of a job is made in is seldom more than one piece then."""

MOST_SECONDS = 30.0
MOST_CHARACTER_SECONDS = 3.0
"""Longest speech of a piece, and more of it for each of its characters: a slow voice needs 0.2 s, a symbol with a long
name 3. What goes on beyond is no speech of this text."""
AT_ONCE_SECONDS = 0.1
"""Decodable audio of a piece that is sent without waiting for more: before there is some, bytes are headers only."""


def gathered(
    chunks: Iterator[AudioChunk],
    clock: Callable[[], float] = time.perf_counter,
    held: list[AudioChunk] | None = None,
    *,
    pause: float = 0.0,
    begins: bool = False,
) -> Iterator[AudioChunk]:
    """The same audio: the first of it at once, what is made within a moment after that together.

    An engine that makes seconds of speech in a millisecond would else send each of its blocks through the whole house.
    `held`: what was not sent yet when the chunks broke off is left here. `pause`: seconds for which its first may wait
    for more, and what follows then too. `begins`: the file begins with them, so that the first has its right header
    where it is all of it.
    """
    held = [] if held is None else held
    sent = AT_ONCE_SECONDS if pause else 0.0
    next_time = clock() + pause
    pause = max(pause, GATHER_SECONDS)
    for chunk in chunks:
        if chunk.data or chunk.header or chunk.ends_piece:
            held.append(chunk)
        if held and (sent < AT_ONCE_SECONDS or clock() >= next_time):
            together, begins = _taken(held, begins=begins), False
            sent += together.seconds
            yield together
            next_time = clock() + pause
    if held:
        yield _taken(held, begins=begins)


def _taken(held: list[AudioChunk], *, begins: bool) -> AudioChunk:
    """Joins what is held, which is empty before anybody has the rest: it is sent once."""
    parts: list[bytes | memoryview] = [chunk.data for chunk in held]
    last = held[-1]
    if begins and len(last.header) <= len(parts[0]):
        parts[0] = memoryview(parts[0])[len(last.header) :]
        parts.insert(0, last.header)
    data = b"".join(parts)
    words, seconds = Words(), 0.0
    for chunk in held:
        words += moved(chunk.words, seconds=seconds) if chunk.words else ()
        seconds += chunk.seconds
    held.clear()
    return AudioChunk(data, seconds, header=last.header, ends_piece=last.ends_piece, words=words, ends=last.ends)


class ChunkRenderer:
    """One piece of text, from samples to encoded bytes."""

    def __init__(
        self,
        texts: Sequence[str],
        plan: SpeechPlan,
        renderer: SpeechRenderer,
        *,
        last: bool,
        written: str | None = None,
        hurried: bool = False,
        recorded: bool = False,
        pause: float = 0.0,
        begins: bool = False,
    ) -> None:
        """`texts`: all of the piece, as the engine is given it, one after the other. `last`: the file ends with it, if
        the engine has said anything until then. `written`: the piece as it is written; None: as it is spoken.
        `hurried`: a listener waits for the first of it. `recorded`: what the
        engine makes is to be known again. `pause` and `begins`: as `gathered` has them."""
        self.texts = texts
        self._places = WordPlaces(" ".join(texts) if written is None else written, texts)
        self._plan = plan
        self._params = replace(plan.params, hurried=True) if hurried else plan.params
        self._renderer = renderer
        self._last = last
        self._recorded = recorded
        self._pause = pause
        self._begins = begins
        self.engine_seconds = 0.0
        self.audio_seconds = 0.0
        self.audible = False
        """Some of it can be heard."""
        self.held: list[AudioChunk] = []
        """Audio that was ready when the engine failed."""
        self.spoken: list[SpokenPiece | None] = []
        """All that the engine has made of each text, where that is recorded; None where nobody hears it."""
        characters = sum(map(len, texts))
        self._most_seconds = (MOST_SECONDS + MOST_CHARACTER_SECONDS * characters) / min(plan.params.speed, 1.0)

    def render(self, engine: TTSEngine) -> Iterator[AudioChunk]:
        with closing_iterator(self._chunks(engine)) as chunks:
            yield from gathered(chunks, held=self.held, pause=self._pause, begins=self._begins)

    def _chunks(self, engine: TTSEngine) -> Iterator[AudioChunk]:
        self.spoken.clear()
        for number, text in enumerate(self.texts):
            before, blocks, words, pause = self.audio_seconds, list[Samples](), list[SpokenWord](), pause_after(text)
            with closing_iterator(self._samples(engine, number, blocks, words)) as chunks:
                yield from chunks
            if self.audio_seconds > before:
                ends = number + 1 == len(self.texts) and not self._last
                ended = self._renderer.end_piece(pause)
                # Silence is no piece of an answer that has not begun: another engine may still begin it.
                yield replace(ended, ends_piece=ends and self._renderer.begun)
            if self._recorded:
                self.spoken.append(SpokenPiece.of(blocks, pause, words) if any(map(is_audible, blocks)) else None)
        if self._last and self._renderer.begun:
            yield replace(self._renderer.finish(), ends_piece=True)

    def _samples(
        self, engine: TTSEngine, number: int, kept: list[Samples], words: list[SpokenWord]
    ) -> Iterator[AudioChunk]:
        """Renders block by block, with the engine's time told apart from the renderer's."""
        rate = self._plan.sample_rate
        blocks = _blocks(engine, self.texts[number], self._plan.voice, self._params)
        with closing_iterator(blocks):
            while True:
                started = time.perf_counter()
                timed = next(blocks, None)
                self.engine_seconds += time.perf_counter() - started
                if timed is None:
                    return
                block = timed.samples
                if timed.words:
                    self._renderer.note(self._places.found(number, timed.words))
                    words += timed.words
                if block.ndim != 1 or block.dtype.kind != "f":
                    raise EngineError(f"{self._plan.instance} made what is no sound: not one row of samples in -1..1.")
                if len(block) and not np.isfinite(block[0]) and not np.isfinite(block).any():
                    raise EngineError(f"{self._plan.instance} made what is no sound: none of its samples is a number.")
                self.audio_seconds += len(block) / rate
                if self.audio_seconds > self._most_seconds:
                    raise EngineError(f"{self._plan.instance} does not come to an end: this is no speech of the text.")
                self.audible = self.audible or is_audible(block)
                if self._recorded:
                    # A copy: an engine may yield the same array again and again, with other samples in it.
                    kept.append(block.astype(np.float32))
                yield from self._renderer.push_in_parts(block)


def _blocks(engine: TTSEngine, text: str, voice: Voice, params: SpeechParams) -> Iterator[TimedSamples]:
    """Speaks a text: yields its audio, with its words where the engine tells them."""
    if engine.info.abilities.word_times:
        with closing_iterator(engine.synthesize_timed(text, voice, params)) as timed:
            yield from timed
    else:
        with closing_iterator(engine.synthesize(text, voice, params)) as blocks:
            yield from map(TimedSamples, blocks)
