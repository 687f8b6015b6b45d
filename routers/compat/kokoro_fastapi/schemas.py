"""The requests of Kokoro-FastAPI, as its clients send them. Fields that nobody here knows are ignored."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.lenient_fields import LenientFields, said
from routers.http.names import NAME_CHARACTERS, LanguageTag
from stts.access.permission import Permission
from stts.context import Priority
from stts.speech import AudioFormat, SynthesisConfig
from stts.text.passages import Alias, Passages, read_passages

Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
DEFAULT_VOICE = "af_heart"
LOUDEST = 10.0
MOST_ALIASES = 100


class AliasFields(LenientFields):
    voice: Name
    rate: float = Field(1.0, ge=0.25, le=4.0)


class NormalizationOptions(LenientFields):
    """Numbers, units and addresses are always read as the engine reads them; `normalize` keeps markup as it is."""

    model_config = ConfigDict(extra="ignore")

    normalize: bool = True


class SpokenFields(LenientFields):
    """Fields that both ways to speak have."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    model: Name = "kokoro"
    input: str = Field(max_length=TEXT_FIELD_CHARACTERS)
    voice: Name | None = Field(None, description="A voice, or several: `af_bella(2)+af_sky(1)`.")
    response_format: AudioFormat = "mp3"
    speed: float = Field(1.0, ge=0.25, le=4.0)
    stream: bool = True
    lang_code: LanguageTag = Field(None, description="A letter of Kokoro's, BCP 47, or a name.")
    volume_multiplier: float = Field(1.0, gt=0, le=LOUDEST)
    normalization_options: NormalizationOptions = NormalizationOptions()
    allow_voice_tags: bool = Field(False, description="`[voice:...]` and `[rate:...]` in the text count.")
    voice_aliases: dict[Name, Name | AliasFields] = Field({}, max_length=MOST_ALIASES)
    return_download_link: bool = False

    def passages(self) -> Passages:
        """Raises InvalidText."""
        aliases = {name: _alias(each) for name, each in self.voice_aliases.items()}
        return read_passages(self.input, voices=self.allow_voice_tags, aliases=aliases)

    def config(self, engine: str, default: SynthesisConfig, permission: Permission) -> SynthesisConfig:
        """`default`: what the listener says where the request does not."""
        alias = self.voice_aliases.get(self.voice or "")
        voice = self.voice if alias is None else _alias(alias).voice
        return SynthesisConfig(
            engine=engine,
            voice=None if voice is None else voice.replace(" ", ""),
            language=self.lang_code or default.language,
            format=self.response_format,
            sample_rate=default.sample_rate,
            speed=said(self, "speed", self.speed),
            parameters=default.parameters,
            ignore_unknown_parameters=True,
            markup=None if self.normalization_options.normalize else "keep",
            permission=permission,
        )

    @property
    def priority(self) -> Priority:
        return Priority.STREAM if self.stream else Priority.COLLECTED


class SpeechFields(SpokenFields):
    download_format: AudioFormat | None = Field(None, description="That of the file behind the download link.")


class CaptionedFields(SpokenFields):
    return_timestamps: bool = True


def _alias(value: Any) -> Alias:
    return Alias(value.voice, value.rate) if isinstance(value, AliasFields) else Alias(value)
