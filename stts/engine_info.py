"""Values in which an engine describes itself, its voices and its models, without loading anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from stts.engine_state import EngineKind

Place = Literal["inline", "process", "worker"]
"""Where an engine runs: in threads of the server, in a child process, or in one with an environment of its own."""

STT_SAMPLE_RATE = 16_000
"""Rate in Hz of all audio that STT, VAD and turn engines are given."""


@dataclass(frozen=True, slots=True)
class Voice:
    id: str
    """Id that a request names; unique within the engine."""
    name: str = ""
    """Name for people."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags it speaks."""
    gender: Literal["female", "male", ""] = ""
    reference: str | None = None
    """Path of the recording to clone, where the voice is a reference recording."""
    spells: tuple[str, ...] = ()
    """Scripts (`Han`) that it spells out letter by letter, although its language is written in them."""
    sample_rate: int | None = None
    """Rate in Hz of what it speaks; None: the engine's."""
    level: float | None = None
    """Mean level in dBFS of its speech, pauses apart (`stts.audio.level`); None: the engine's."""
    model: str = ""
    """The model of the engine that speaks it; empty where the engine has but one."""
    digest: str = ""
    """SHA-256 of the reference recording, in hexadecimal; empty where there is none, or it was not read."""
    revision: str = ""
    """Tells what it is made of from what has, or had, the same name: a file in a folder, a part of a recording. Empty
    where that is known by the engine's version, its models in the catalogue, or the digest."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that an engine runs, or can run."""

    id: str
    """Its name among the models of the engine."""
    name: str = ""
    """For people."""


@dataclass(frozen=True, slots=True)
class Abilities:
    streaming: bool = False
    """Yields audio before a piece of text is wholly synthesised."""
    cloning: bool = False
    """Speaks with the voice of a reference recording."""
    blending: bool = False
    """Speaks with blends of its voices: `find_voice` takes them in words (`stts.voices.blend`)."""
    phonemes: bool = False
    """Tells the phonemes of a text, and where its parameters have `phonemes`, speaks them in place of a text."""
    seed: bool = False
    """The same seed gives the same audio."""
    speed: tuple[float, float] | None = None
    """Speed factors the engine does itself; others are done by the effects chain."""
    word_times: bool = False
    """Tells when each word is said: STT of what it hears, TTS of what it speaks (`synthesize_timed`)."""
    translation: bool = False
    """Can translate speech into English text."""
    language_detection: bool = False
    prompt: bool = False
    """Uses preceding text as a hint."""
    keywords: bool = False
    """Favours words that it is given. Engines that use a prompt have them before it instead."""
    logprobs: bool = False
    """Tells how likely it finds the tokens of a transcript."""
    live: bool = False
    """Understands speech while it is spoken: `begin`, `hear`, `end`."""


@dataclass(frozen=True, slots=True)
class EngineLimits:
    max_characters: int = 1000
    """Longest text of one `synthesize` call."""
    min_characters: int = 1
    """Shorter pieces sound wrong on this engine: they are merged with what follows, where something follows."""
    at_once_characters: int = 0
    """Texts up to this long are spoken within a few milliseconds: nobody is given the first of one before the rest,
    since a hand-over costs more than it saves."""
    sentence_characters: int = 0
    """Sentences up to this long are never cut: for engines that make a sentence's sound as a whole, and quickly."""
    max_seconds: float = 30.0
    """Longest audio of one `transcribe` call."""
    short_window_seconds: float = 0.0
    """STT: audio up to so long is heard in a window cut short to save work, but for `ListenParams.whole_window`."""
    concurrency: int = 1
    """Calls that may run at once on one loaded engine (for `process` and `worker`: child processes)."""
    batch: int = 1
    """STT: `transcribe` calls of different requests that one loaded engine takes together (`transcribe_many`)."""
    batch_seconds: float = 60.0
    """Audio of such calls together, so that short ones do not wait for many long ones."""
    spare: bool = False
    """Spare child process, started ahead; for engines that are small and start quickly."""
    live_sessions: int = 1
    """Live streams at once, each on an instance of its own (for `process` and `worker`: a child process)."""
    reference_seconds: tuple[float, float] | None = None
    """Shortest and longest useful reference recording."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    name: str
    kind: EngineKind
    description: str
    languages: tuple[str, ...] = ()
    """BCP 47 tags."""
    voices: tuple[Voice, ...] = ()
    default_voice: str | None = None
    hosted_voices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a hosted service's voice (`stts.voice_names.HOSTED`) -> voices of its kind here, the most alike
    first; those that are not there are passed over. For a name without one the default voice of its gender speaks."""
    sample_rate: int = STT_SAMPLE_RATE
    """Native rate in Hz of what a TTS engine yields."""
    abilities: Abilities = field(default_factory=Abilities)
    limits: EngineLimits = field(default_factory=EngineLimits)
    real_time_factor: float | None = None
    """Seconds of work for a second of audio, where its author can say: texts are cut by it until calls were measured.
    Engines far faster than speech state it, so that the first request is cut as later ones are."""
    level: float | None = None
    """Mean level in dBFS of what a TTS engine yields, pauses apart (`stts.audio.level`), where its author measured it:
    all voices are brought to one level. None: it is measured on the first piece that each voice speaks."""
    by_sentence: bool = False
    """It makes each sentence of a text for itself: calls with one sentence each take no longer than one with all of
    them, and sound the same. Such an engine is called so, and speaks no sentence twice that it has spoken before."""
    network: bool = False
    """True if text or audio leaves this machine."""
    runs_in: Place = "inline"
    """`process` for libraries that hold the interpreter lock, leak, or crash; `worker` where they do not get along with
    those of other engines."""
    packages: tuple[str, ...] = ()
    """Import names that must be present; looked up, never imported, before `load()`."""
    install: str = ""
    """The command that installs what is missing."""
    requirements: tuple[str, ...] = ()
    """Requirements of its own environment, for `worker`: in pip's form, with bounds, and with the package
    that brings the engine; or one list of this server (`chatterbox.txt`)."""
    download_bytes: int = 0
    """About how much an installation fetches, with weights, where its author knows; 0: unknown. How much it is on a
    machine is asked of the package index."""
    watermarked: bool = False
    """True if all its speech carries the watermark of Perth already: the server does not mark it again."""
    licence: str = ""
    """Licence of the engine and its weights, in a few words."""
    maker: str = ""
    """Maker of the engine, for dialects that name them."""
    homepage: str = ""
