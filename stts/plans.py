"""Plans: what a request is given, decided once before the work, and the requests that carry them. All frozen.

A plan names the engine instance, the voice, the parameters and the shape of the answer. Every stage that stands inside
the planning stage sees it, and the operation at the end looks nothing up again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property

from stts.engine_api import ListenParams, SpeechParams, Voice
from stts.pronunciation.dictionary import Dictionary
from stts.settings import Settings
from stts.speech import AudioOutput, EffectSettings, SynthesisConfig
from stts.streams.live import LiveText
from stts.transcription import AudioData, TranscriptionConfig

HEARD_VERSION = 1
"""A part of each key. Raise it with a change of how texts are read or audio is made, so that what was kept before is
not answered any more."""


@dataclass(frozen=True, slots=True)
class PlanBasis:
    """The grounds of a choice."""

    settings: Settings
    candidates: tuple[str, ...]
    """Names of the engine instances that could be taken, in their order."""


@dataclass(frozen=True)
class SpeechPlan:
    """The resolved speech of one text, or of several that are asked for alike."""

    asked: SynthesisConfig
    """The configuration it was made for; `detected` is the language of the text, where that was known by then."""
    instance: str
    """Name of the engine instance that speaks."""
    voice: Voice
    params: SpeechParams
    """Values that each call of the engine gets besides text and voice."""
    sample_rate: int
    """Hz of what the engine yields; `output` has that of the answer."""
    output: AudioOutput
    effects: EffectSettings = EffectSettings()  # noqa: RUF009 - a frozen value
    speak_markup: bool = True
    """Markup in the text is read as speech; else it is left to the voice."""
    model: str = ""
    """The model within the engine; empty where the engine has but one."""
    revision: str = ""
    """Fingerprint of the instance's options, packages and weights: another makes other audio of the same plan."""
    warnings: tuple[str, ...] = ()
    """Warnings to the client about all that is done otherwise than asked."""
    exact: bool = True
    """False: another engine may have what was asked for itself."""
    default_voice: bool = False
    """The engine has a default voice, so that the language of a text changes nothing where that voice speaks it."""
    chosen: str | None = None
    """The one of the caller's voices that it was made with, where none was asked for; a fall-back takes it too."""
    alternatives: tuple[str, ...] = ()
    """Instances that `auto` would try next, in this order. Each is planned only when it is needed."""
    basis: PlanBasis | None = field(default=None, compare=False, repr=False)
    """The grounds of the choice; the plan holds for another request while they are the same."""
    resting: str | None = None
    """Code of why the engine that would have been taken rests; None: it is this one."""
    watermark: bool = False
    """The server writes its watermark into the speech on its way out."""
    owner: str | None = None
    """Id of the user whose voice it is; None: it is the engine's or the server's."""
    has_card: bool = False
    """A card of the library has a say in it, which may be another at any moment."""
    dictionary: Dictionary | None = None
    """How words of its texts are spoken; None: as they are written."""

    def spoken(self, text: str) -> str:
        """The text, or a piece of it, as the engine is given it."""
        return text if self.dictionary is None else self.dictionary.respell(text)

    @property
    def language(self) -> str | None:
        """BCP 47 tag of what is spoken."""
        return self.params.language

    def key(self, text: str) -> str:
        """A cache key over everything that is heard, and over the user whose voice it is.

        `text`: as `stts.text.complete` has cleaned it. How the text is cut into chunks and how fast it is delivered are
        no part of it.
        """
        digest = self._heard.copy()
        digest.update(json.dumps(text).encode())
        # What a dictionary makes of this text, and no other entry: an answer outlives all changes that are not heard.
        if (spoken := self.spoken(text)) is not text:
            digest.update(json.dumps(["spoken", spoken]).encode())
        return digest.hexdigest()

    @cached_property
    def _heard(self) -> hashlib._Hash:
        """A hash over all of it that is in its keys: plans serve many texts."""
        extra = None if self.params.extra is None else self.params.extra.model_dump(mode="json")
        engine = [HEARD_VERSION, self.instance, self.model, self.revision, self.sample_rate]
        # A recording is known by its content: another may come under the same name.
        own = self.voice.digest or [self.voice.id, self.voice.reference]
        voice = [own, self.voice.revision, self.owner, self.params.language, self.params.speed, self.params.seed, extra]
        # What is as it always was has no part in the key, so that what was kept goes on being found.
        output = {name: value for name, value in asdict(self.output).items() if value is not None}
        heard = [engine, voice, output, asdict(self.effects), self.speak_markup]
        heard += ["watermark"] if self.watermark else []
        return hashlib.sha256(json.dumps(heard, sort_keys=True).encode())

    def sentence_key(self, text: str) -> str:
        """A key over all that the engine is told when it speaks this text, and over nothing that is done after it."""
        extra = None if self.params.extra is None else self.params.extra.model_dump(mode="json")
        engine = [HEARD_VERSION, self.instance, self.model, self.revision, self.sample_rate]
        # A recording is known by its content, and by its place: the same one of another user is another voice.
        voice = [self.voice.id, self.voice.reference, self.voice.digest, self.voice.revision, self.owner]
        said = [self.params.language, self.params.speed, self.params.seed, extra, self.spoken(text)]
        told = ["sentence", engine, voice, *said]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class TranscriptionPlan:
    """The resolved transcription of one recording, or of the utterances of one live stream."""

    asked: TranscriptionConfig
    instance: str
    """Name of the engine instance that listens."""
    params: ListenParams
    """Values that each call of the engine gets besides the samples."""
    language: str | None = None
    """BCP 47 tag of the engine for the language asked for; None: it is detected."""
    model: str = ""
    """The model within the engine; empty where the engine has but one."""
    alternatives: tuple[str, ...] = ()
    """Instances that `auto` would try next, in this order. Each is planned only when it is needed."""
    basis: PlanBasis | None = field(default=None, compare=False, repr=False)
    """The grounds of the choice; the plan holds for another utterance while they are the same."""
    warnings: tuple[str, ...] = ()
    """Warnings to the client about what is done otherwise than asked."""
    resting: str | None = None
    """Code of why the engine that would have been taken rests; None: it is this one."""

    @property
    def exact(self) -> bool:
        """An engine either does what is asked or refuses."""
        return True


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One TTS operation on its way through the pipeline."""

    text: str | LiveText
    config: SynthesisConfig
    plan: SpeechPlan | None = None
    """Set by the planning stage. Before it: a plan that was made for this configuration earlier, if there is one."""
    is_planned: bool = False
    """The plan was made for this very text, just now."""
    saved: bool = False
    """A copy of the speech is kept as a file."""
    silence: float = 0.0
    """Seconds of pauses that are put around the speech later, and that quotas count with it."""


@dataclass(frozen=True, slots=True)
class ListenRequest:
    """One STT operation on its way through the pipeline."""

    audio: AudioData
    config: TranscriptionConfig
    plan: TranscriptionPlan | None = None
    """Set by the planning stage."""


@dataclass(frozen=True, slots=True)
class ProvenanceRequest:
    """One search for the watermark on its way through the pipeline."""

    audio: AudioData
