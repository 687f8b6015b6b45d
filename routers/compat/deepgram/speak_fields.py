"""The query of /v1/speak, as Deepgram's clients send it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from middleware.listener import OutputDefaults
from routers.compat.deepgram.models import DEFAULT_SPEAKING, Speaker
from routers.http.lenient_fields import LenientFields, said
from routers.http.names import NAME_CHARACTERS
from routers.sockets.messages import invalid
from stts.access.permission import Permission
from stts.audio.formats import check_bit_rate, resolve_sample_rate
from stts.audio.g711 import Law
from stts.errors import InvalidParameter
from stts.speech import AudioFormat, SynthesisConfig

Encoding = Literal["linear16", "mulaw", "alaw", "mp3", "opus", "flac", "aac"]
Container = Literal["none", "wav", "ogg"]
LAWS: Mapping[str, Law] = {"mulaw": "pcmu", "alaw": "pcma"}
RATES: Mapping[str, int] = {
    "linear16": 24_000,
    "mulaw": 8_000,
    "alaw": 8_000,
    "mp3": 22_050,
    "aac": 22_050,
    "opus": 48_000,
    "flac": 48_000,
}
"""Hz where a request does not say."""
CONTAINERS: Mapping[str, tuple[Container, ...]] = {
    **dict.fromkeys(("linear16", "mulaw", "alaw"), ("wav", "none")),
    **dict.fromkeys(("mp3", "flac", "aac"), ("none",)),
    "opus": ("ogg",),
}
"""Containers of each encoding, the default first."""


class SpeakFields(LenientFields):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    model: str = Field(DEFAULT_SPEAKING, min_length=1, max_length=NAME_CHARACTERS)
    encoding: Encoding = "mp3"
    container: Container | None = None
    sample_rate: int | None = None
    bit_rate: int | None = Field(None, description="Bits a second of MP3, Opus and AAC.")
    speed: float = Field(1.0, ge=0.25, le=4.0)
    callback: str | None = None

    @property
    def law(self) -> Law | None:
        """Samples are sent in 8 bits."""
        return LAWS.get(self.encoding)

    @property
    def wrapped(self) -> bool:
        """Samples come as a WAV file."""
        return (self.container or CONTAINERS[self.encoding][0]) == "wav"

    @property
    def rate(self) -> int:
        return self.sample_rate or RATES[self.encoding]

    @property
    def format(self) -> AudioFormat:
        """The format that is asked of the engine."""
        match self.encoding:
            case "linear16":
                return "wav" if self.wrapped else "pcm"
            case "mulaw" | "alaw":
                return "pcm"
            case "mp3" | "opus" | "flac" | "aac":
                return self.encoding

    def check(self) -> None:
        """Raises InvalidParameter and UnsupportedFormat for what does not go together, or is not done here."""
        if self.callback is not None:
            raise InvalidParameter(
                "callback: this server answers whoever asks, and sends nothing to other addresses.", param="callback"
            )
        allowed = CONTAINERS[self.encoding]
        if self.container is not None and self.container not in allowed:
            raise InvalidParameter(
                f"container: {self.encoding} comes in {' or '.join(allowed)}.", param="container", allowed=[*allowed]
            )
        resolve_sample_rate(self.format, self.rate, self.rate)
        if self.bit_rate is not None:
            check_bit_rate(self.format, self.rate, self.bit_rate)

    def config(self, speaker: Speaker, output: OutputDefaults, permission: Permission) -> SynthesisConfig:
        """A voice that was not named is the listener's."""
        voice = speaker.voice or output.voice
        return SynthesisConfig(
            engine=speaker.engine or output.engine,
            voice=voice,
            language=output.language if voice is not None else speaker.language or output.language,
            format=self.format,
            sample_rate=self.rate,
            bit_rate=self.bit_rate,
            speed=said(self, "speed", self.speed),
            parameters=output.parameters,
            ignore_unknown_parameters=True,
            permission=permission,
        )


class SpeakSocketFields(SpeakFields):
    """Messages of a socket have no container."""

    encoding: Literal["linear16", "mulaw", "alaw"] = "linear16"
    container: Literal["none"] = "none"


def read_speak_query(shape: type[SpeakFields], query: QueryParams) -> SpeakFields:
    """Raises InvalidParameter and UnsupportedFormat."""
    try:
        fields = shape.model_validate(dict(query))
    except ValidationError as error:
        raise invalid(error) from None
    fields.check()
    return fields
