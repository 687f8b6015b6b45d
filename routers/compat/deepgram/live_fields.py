"""The query and the messages of WS /v1/listen."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from routers.compat.deepgram.listen_fields import ListenFields, Term
from routers.compat.deepgram.options import DeepgramOptions
from routers.compat.deepgram.result_encoder import ResultRules
from stts.conversation.config import SessionConfig
from stts.errors import InvalidParameter
from stts.transcription import TranscriptionConfig
from stts.vad.rules import TurnRules

LONGEST_PAUSE_MS = 10_000
STRETCH_SECONDS = 4.0
"""Seconds of a turn after which its words are told at the next pause, as Deepgram tells them every few seconds."""
NEVER = frozenset({"false", "0"})
"""Values of `endpointing` that mean that nobody wants to be told of pauses."""


class LiveFields(ListenFields):
    interim_results: bool = False
    endpointing: str | None = Field(None, description="Milliseconds of silence that end an utterance, or `false`.")
    utterance_end_ms: int | None = Field(None, ge=1, le=60_000)
    vad_events: bool = False

    def check(self) -> None:
        super().check()
        self._pause_ms()
        if self.multichannel and self.channels > 1 and self.pcm is None:
            raise InvalidParameter(
                "multichannel: a live stream in a container is heard as one; send PCM with `encoding`.",
                param="multichannel",
            )

    @property
    def heard_apart(self) -> int:
        """Number of channels that are transcribed each by itself."""
        return self.channels if self.multichannel else 1

    def over(self, base: SessionConfig, listen: TranscriptionConfig, options: DeepgramOptions) -> SessionConfig:
        """The operator's configuration with the wishes of the client: nobody replies."""
        short = self._short_pauses(options)
        return replace(
            base,
            listen=replace(listen, settle_after=0.0 if short else STRETCH_SECONDS),
            speak=None,
            reply=None,
            turns=self._turns(base.turns or TurnRules(), options),
            respond=False,
            speculate=False,
            prompt_after=0.0,
        )

    def rules(self, options: DeepgramOptions) -> ResultRules:
        return ResultRules(
            formatted=self.formatted,
            interim=self.interim_results,
            vad_events=self.vad_events,
            endpoints=(self.endpointing or "").lower() not in NEVER,
            pauses_end=self._short_pauses(options),
            utterance_end=None if self.utterance_end_ms is None else self.utterance_end_ms / 1000,
            multilingual=self.detects or ("language" in self.model_fields_set and self.language is None),
        )

    def _turns(self, rules: TurnRules, options: DeepgramOptions) -> TurnRules:
        """Turns are cut by silence alone. So short a pause as Deepgram's clients ask for would part what is understood
        better as a whole: at such a one the words so far are told, and the turn goes on."""
        pause = self._pause_ms()
        if pause is None:
            return replace(rules, detector=False)
        if self._short_pauses(options):
            return replace(rules, pause=pause / 1000, silence=options.shortest_pause_ms / 1000, detector=False)
        return replace(rules, silence=pause / 1000, detector=False)

    def _short_pauses(self, options: DeepgramOptions) -> bool:
        """Pauses are to be told of that end no turn here."""
        pause = self._pause_ms()
        return pause is not None and pause < options.shortest_pause_ms

    def _pause_ms(self) -> int | None:
        said = (self.endpointing or "true").lower()
        if said == "true" or said in NEVER:
            return None
        if not said.isascii() or not said.isdigit() or int(said[:9]) > LONGEST_PAUSE_MS:
            raise InvalidParameter(
                f"endpointing: it is a number of milliseconds up to {LONGEST_PAUSE_MS}, or false.", param="endpointing"
            )
        return int(said)


class Control(BaseModel):
    """KeepAlive: nothing but a sign of life. Finalize: tell what was said so far. CloseStream: no more audio comes."""

    type: Literal["KeepAlive", "Finalize", "CloseStream"]


class Configure(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: Literal["Configure"]
    keyterms: Annotated[list[Term], Field(max_length=100)] | None = None
    features: dict[str, Any] | None = Field(None, description="Ignored: there is none that can be turned on here.")
