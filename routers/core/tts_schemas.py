"""The native shapes of speaking."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field

from routers.http.lenient_fields import LenientFields, said
from routers.http.names import NAME_CHARACTERS as NAME_CHARACTERS
from routers.http.names import EngineName, LanguageTag, VoiceName
from stts.access.permission import EVERYTHING, Permission
from stts.context import Priority
from stts.engine_state import AUTO
from stts.pronunciation.fields import Entries
from stts.speech import AudioFormat, Markup, SynthesisConfig

TEXT_FIELD_CHARACTERS = 10_000_000
"""No configuration allows more; the limit in force is `limits.text_characters`."""


def format_name(name: object) -> object:
    """Reads a format's name in any case, and a container's name for the codec in it."""
    lower = name.lower() if isinstance(name, str) else name
    return "opus" if lower == "ogg" else lower


class SpeechFields(LenientFields):
    """What a client may say about speech. Fields beyond these are the engine's own parameters."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, populate_by_name=True)

    text: str = Field(description="What to say.", max_length=TEXT_FIELD_CHARACTERS)
    engine: EngineName = Field(AUTO, description="An engine of GET /engines, or `auto`.")
    voice: VoiceName = Field(
        None,
        description="A voice of GET /voices, or the name or id of a stored reference recording.",
        validation_alias=AliasChoices("voice", "voice_id", "voice_path", "predefined_voice_id"),
    )
    language: LanguageTag = Field(
        None, description="BCP 47, or a name; default or `auto`: that of the voice, or of the text."
    )
    lang_code: LanguageTag = Field(None, description="Another name of `language`.")
    format: Annotated[AudioFormat, BeforeValidator(format_name)] | None = Field(
        None,
        description="Default: `tts.format` of the configuration. `ogg` is another name of `opus`.",
        validation_alias=AliasChoices("format", "output_format"),
    )
    sample_rate: int | None = Field(None, description="Hz; default: the engine's own.", ge=1, le=1_000_000)
    channels: int = Field(1, ge=1, le=2)
    speed: float = Field(
        1.0,
        description="Without change of pitch.",
        ge=0.25,
        le=4.0,
        validation_alias=AliasChoices("speed", "speed_factor"),
    )
    pitch: float = Field(0.0, description="Semitones, without change of speed.", ge=-24.0, le=24.0)
    normalize: float | None = Field(None, description="Loudness in LUFS.", ge=-70.0, le=-5.0)
    trim_silence: bool = Field(
        False,
        description="Remove silence at both ends and shorten long pauses.",
        validation_alias=AliasChoices("trim_silence", "remove_silence"),
    )
    stream: bool | None = Field(
        None,
        description="true: send audio as it is made; false: whole, with its length. Default: whole where all of it is "
        "made at once (`tts.whole_seconds`), else as it is made.",
    )
    seed: int | None = Field(None, description="For engines that can repeat themselves; 0: random.", ge=0, le=2**32 - 1)
    markup: Markup | None = Field(
        None, description="speak: Markdown and HTML are read as speech; keep: as they are. Default: `tts.markup`."
    )
    dictionary: Entries = Field(
        default_factory=dict,
        description='Words and how they are spoken, before those of voice and server: `{"STTS": "S T T S"}`. In a '
        "query as JSON.",
    )
    save: bool = Field(False, description="Keep the audio as a file of kind outputs; answered with X-File-Id.")

    def config(self, default_format: AudioFormat, permission: Permission = EVERYTHING) -> SynthesisConfig:
        """`permission`: what the caller may use, where that is known here."""
        return SynthesisConfig(
            engine=self.engine,
            voice=self.voice,
            language=self.language or self.lang_code,
            format=self.format or default_format,
            sample_rate=self.sample_rate,
            channels=self.channels,
            speed=said(self, "speed", self.speed),
            pitch=self.pitch,
            normalize=self.normalize,
            trim_silence=self.trim_silence,
            seed=self.seed or None,
            parameters=self.own_parameters(),
            markup=self.markup,
            dictionary=self.dictionary,
            permission=permission,
        )

    @property
    def priority(self) -> Priority:
        return Priority.COLLECTED if self.stream is False else Priority.STREAM

    def own_parameters(self) -> dict[str, Any]:
        """The other fields: parameters for the engine's own model."""
        return dict(self.model_extra or {})
