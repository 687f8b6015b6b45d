"""Phonemes of short texts: asked of an engine that has them, in a slot of it, as speech is."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from adapters.catalogue import EngineCatalogue
from adapters.selection import EngineSelection
from stts.context import RequestContext
from stts.engine_state import AUTO
from stts.errors import STTSError, UnknownEngine
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig

MOST_SECONDS = 30.0
"""Longest wait for the phonemes of one text."""
PARAMETER = "phonemes"
"""Parameter of engines that speak phonemes in place of a text."""


@dataclass(frozen=True, slots=True)
class ReadText:
    phonemes: str
    engine: str
    voice: str


class PhonemeReader:
    def __init__(self, engines: EngineCatalogue, selection: EngineSelection) -> None:
        self._engines = engines
        self._selection = selection

    async def read(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[ReadText, None]:
        """An operation of one item: by the engine of the configuration, or with `auto` by the first that has phonemes
        and such a voice.

        Raises UnknownEngine where none has, and what planning a speech raises.
        """
        text, config = str(request.text), request.config
        plan = await self._selection.plan_speech(await self.choose(config, speaks=False))
        context.output_data.engine, context.output_data.voice = plan.instance, plan.voice.id
        instance = self._engines.instance(plan.instance)
        async with instance.slot(time.monotonic()) as slot:
            begun = time.monotonic()
            phonemes = await slot.ask(lambda engine: engine.phonemes(text, plan.voice), MOST_SECONDS)
            context.metrics.add(queue=slot.queue_seconds, load=slot.load_seconds, engine=time.monotonic() - begun)
        context.metrics.characters = len(text)
        yield ReadText(phonemes, plan.instance, plan.voice.id)

    async def choose(self, config: SynthesisConfig, *, speaks: bool) -> SynthesisConfig:
        """The configuration with an engine that tells phonemes, or that speaks them as well. Raises as `read` does."""
        failure: STTSError | None = None
        for name in await self._able(config.engine, speaks):
            found = replace(config, engine=name)
            try:
                await self._selection.plan_speech(found)
            except STTSError as error:
                failure = failure or error
            else:
                return found
        raise failure or UnknownEngine("No engine that is usable here has phonemes.", param="engine")

    async def _able(self, asked: str, speaks: bool) -> Sequence[str]:
        names = (await self._engines.candidates("tts")).names if asked == AUTO else (asked,)
        able = [self._engines.describe(name) for name in names]
        return [
            each.name
            for each in able
            if each.info.abilities.phonemes and (not speaks or PARAMETER in each.parameters.model_fields)
        ]
