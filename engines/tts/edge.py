"""Microsoft Edge's voices, by the `edge-tts` package: natural, in many languages, and the text leaves this machine.

The package is asynchronous and its blocking variant waits for ever where the service cannot be reached: each call runs
an event loop of its own in its worker thread, with a time limit on every step.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from engines.tts.edge_voices import DEFAULT, HOSTED, VOICES, listed_voice, unlisted_voice
from engines.tts.encoded import decoded
from stts.engine_api import Abilities, EngineInfo, EngineLimits, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.errors import EngineAccessDenied, EngineError, EngineTimeout

T = TypeVar("T")

PACKAGE = "edge_tts"
SAMPLE_RATE = 24_000
MAX_CHARACTERS = 600
"""The service takes 4,096 bytes of a text; the package cuts longer ones at spaces, which Chinese and Thai do not have.
A character is up to four bytes, or five where it is escaped."""
SENDER = "The speech service of Edge"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class EdgeOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: int = Field(default=4, ge=1, le=32, description="Texts spoken at once.")
    connect_seconds: float = Field(default=5.0, gt=0, le=60, description="Longest wait for the connection.")
    first_seconds: float = Field(default=15.0, gt=0, le=120, description="Longest wait for the first audio.")
    pause_seconds: float = Field(default=10.0, gt=0, le=120, description="Longest pause between two parts.")
    proxy: str | None = Field(default=None, description="Address of an HTTP proxy.")


class EdgeParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    volume: int = Field(default=0, ge=-100, le=100, description="Louder or softer, in per cent.")
    base_pitch: int = Field(default=0, ge=-100, le=100, description="Higher or lower, in Hz.")


class EdgeEngine(TTSEngine):
    Options = EdgeOptions
    Parameters = EdgeParameters
    options: EdgeOptions

    _listed: tuple[Voice, ...] = ()
    _loaded = False

    @property
    def info(self) -> EngineInfo:
        voices = self.voices()
        return EngineInfo(
            name="edge",
            kind="tts",
            description="Voices of Microsoft Edge: natural, many languages; texts are sent to Microsoft",
            languages=tuple(sorted({tag for voice in voices for tag in voice.languages})),
            voices=voices,
            default_voice=next((voice.id for voice in voices if voice.id == DEFAULT), voices[0].id),
            hosted_voices=HOSTED,
            sample_rate=SAMPLE_RATE,
            abilities=Abilities(streaming=True, speed=(0.5, 2.0)),
            limits=EngineLimits(max_characters=MAX_CHARACTERS, concurrency=self.options.requests),
            network=True,
            packages=(PACKAGE,),
            install="pip install -r requirements/edge.txt",
            licence="LGPL-3.0 (edge-tts); use of the service is bound by Microsoft's terms",
            maker="Microsoft",
            homepage="https://github.com/rany2/edge-tts",
        )

    def voices(self) -> tuple[Voice, ...]:
        """Those that the service listed when the engine was loaded; before that, two of each common language."""
        return self._listed or VOICES

    def find_voice(self, voice_id: str) -> Voice | None:
        known = next((voice for voice in self.voices() if voice.id == voice_id), None)
        return known or (None if self._listed else unlisted_voice(voice_id))

    def load(self, progress: Progress) -> None:
        """Asks the service for its voices: so a service that cannot be reached is told before anybody waits for it."""
        self.require_installed()
        import edge_tts

        options = self.options
        progress("asking for the voices", None)
        with _translated(), asyncio.Runner() as runner:
            listed = runner.run(_within(options.first_seconds, edge_tts.list_voices(proxy=options.proxy)))
        self._listed = tuple(listed_voice(entry) for entry in listed) or VOICES
        self._loaded = True
        progress("ready", 1.0)

    def unload(self) -> None:
        self._loaded = False

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if not self._loaded:
            raise EngineError("The engine is not loaded.")
        text = _CONTROLS.sub(" ", text).strip()
        if text:
            yield from decoded(self._encoded(text, voice, params), SAMPLE_RATE, text, SENDER)

    def _encoded(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[bytes]:
        import edge_tts

        options = self.options
        extra = params.extra if isinstance(params.extra, EdgeParameters) else EdgeParameters()
        speech = edge_tts.Communicate(
            text,
            voice.id,
            rate=f"{round((params.speed - 1) * 100):+d}%",
            volume=f"{extra.volume:+d}%",
            pitch=f"{extra.base_pitch:+d}Hz",
            proxy=options.proxy,
            connect_timeout=max(1, round(options.connect_seconds)),
        )
        with _translated(), asyncio.Runner() as runner:
            stream = speech.stream()
            limit = options.first_seconds
            try:
                while (part := runner.run(_within(limit, _next(stream)))) is not None:
                    if part["type"] == "audio":
                        limit = options.pause_seconds
                        yield part["data"]
            finally:
                # The package shakes hands with the service at the end, which may not answer any more.
                with suppress(TimeoutError):
                    runner.run(_within(options.pause_seconds, stream.aclose()))


async def _next(stream: AsyncGenerator[Any, None]) -> Any:
    return await anext(stream, None)


async def _within(seconds: float, wanted: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(seconds):
        return await wanted


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the package and its client in our words, which never quote the text."""
    import aiohttp
    from edge_tts.exceptions import EdgeTTSException

    try:
        yield
    except TimeoutError as error:
        raise EngineTimeout(f"{SENDER} said nothing for too long.") from error
    except aiohttp.ClientResponseError as error:
        if error.status in (401, 403):
            raise EngineAccessDenied(f"{SENDER} denies access ({error.status}): is the clock right?") from error
        raise EngineError(f"{SENDER} refuses ({error.status}).") from error
    except (aiohttp.ClientError, OSError) as error:
        raise EngineError(f"{SENDER} cannot be reached, or the connection broke off.") from error
    except EdgeTTSException as error:
        raise EngineError(f"{SENDER} sent no audio, or something unexpected ({type(error).__name__}).") from error
