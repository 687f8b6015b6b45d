"""Resolves a request for one engine: voice, language, parameters, and the shape of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from adapters.parameters import check_language, validated
from adapters.speech.dictionaries import ServerDictionaries, plan_dictionary
from adapters.speech.marking import ASKED, is_marked_here
from adapters.speech.voice_choice import VoiceChoice, VoiceRules, choose_voice
from stts.audio.formats import audio_output
from stts.engine_api import EngineInfo, SpeechParams, TTSEngine, Voice
from stts.languages import best_match, same_language
from stts.plans import SpeechPlan
from stts.protocols import VoiceLibrary
from stts.settings import Settings
from stts.speech import EffectSettings, SynthesisConfig
from stts.text.script import has_letters, main_script, reads
from stts.voice_names import Gender

INSTRUCTIONS = "instructions"
"""A parameter of engines that are told in words how to speak."""


@dataclass(frozen=True, slots=True)
class SpeechRules:
    """The operator's settings of speech with one engine instance."""

    instance: str
    """The name that requests call it by."""
    voices: VoiceRules
    speak_markup: bool = True
    """Default for requests that do not say whether markup is spoken."""
    revision: str = ""
    """Fingerprint of what the instance speaks with."""
    level: float | None = None
    """Level in dBFS that all voices are brought to; None leaves them as they are."""
    dictionaries: ServerDictionaries | None = None
    """The operator's dictionaries of pronunciation."""
    watermark: str = "engine"
    """The operator's policy of watermarks."""


def rules_of(
    settings: Settings,
    instance: str,
    library: VoiceLibrary,
    gender: Gender,
    revision: str,
    dictionaries: ServerDictionaries | None = None,
) -> SpeechRules:
    """The rules of the settings. `gender`: of the voice that this engine's stands in for."""
    tts = settings.tts
    voices = VoiceRules(
        library,
        default=tts.voices.get(instance),
        by_language=tts.language_voices.get(instance, {}),
        hosted=settings.openai.voices.get(instance, {}),
        gender=gender,
    )
    return SpeechRules(
        instance, voices, tts.markup == "speak", revision, tts.level, dictionaries, settings.watermark.policy
    )


async def plan_speech(engine: TTSEngine, config: SynthesisConfig, rules: SpeechRules) -> SpeechPlan:
    """Raises UnknownVoice, InvalidParameter and UnsupportedFormat for what this engine cannot do."""
    info = engine.info
    check_language(info, config.language)
    choice: VoiceChoice = await choose_voice(engine, config, rules.voices)
    sample_rate = choice.voice.sample_rate or info.sample_rate
    low, high = info.abilities.speed or (1.0, 1.0)
    speed = spoken_speed(config, choice)
    own_speed = speed if low <= speed <= high else 1.0
    language = spoken_language(info, config.language or config.detected, choice.voice)
    params = SpeechParams(
        language=language,
        speed=own_speed,
        seed=config.seed,
        extra=parameters(engine, config, choice, rules.watermark),
    )
    return SpeechPlan(
        asked=config,
        instance=rules.instance,
        voice=choice.voice,
        params=params,
        sample_rate=sample_rate,
        output=audio_output(config, sample_rate),
        effects=EffectSettings(
            speed / own_speed,
            config.pitch,
            config.normalize,
            config.trim_silence,
            level=rules.level,
            own_level=info.level if choice.voice.level is None else choice.voice.level,
        ),
        speak_markup=rules.speak_markup if config.markup is None else config.markup == "speak",
        model=choice.voice.model,
        revision=rules.revision,
        warnings=tuple(_otherwise(engine, config, choice)),
        exact=choice.exact,
        # Where languages have voices of their own, that of a text decides in any case.
        default_voice=not rules.voices.by_language and (rules.voices.default or info.default_voice) is not None,
        watermark=is_marked_here(rules.watermark, info, config.pitch),
        owner=None if choice.stored is None else choice.stored.owner,
        has_card=choice.stored is not None and choice.stored.has_card,
        dictionary=plan_dictionary(config, choice.stored, rules.dictionaries, language or only_language(info, config)),
    )


def spoken_speed(config: SynthesisConfig, choice: VoiceChoice) -> float:
    """The speed factor that was asked for, else that of the voice's card."""
    if config.speed is not None:
        return config.speed
    return choice.stored.speed if choice.stored is not None and choice.stored.speed is not None else 1.0


def parameters(engine: TTSEngine, config: SynthesisConfig, choice: VoiceChoice, watermark: str = "engine") -> BaseModel:
    """The engine's own parameters: those of the request, else those of the voice's card that the engine knows, else
    that nothing is to be marked where this is the policy."""
    own = {ASKED: False} if watermark == "off" else {}
    own |= {} if choice.stored is None else choice.stored.parameters
    known = {name: value for name, value in own.items() if name in engine.Parameters.model_fields}
    return validated(engine.Parameters, {**known, **config.parameters}, ignore_unknown=config.ignore_unknown_parameters)


def _otherwise(engine: TTSEngine, config: SynthesisConfig, choice: VoiceChoice) -> Iterator[str]:
    """Warnings about what is done otherwise than asked. Other unknown parameters are those of other servers."""
    if choice.warning is not None:
        yield choice.warning
    if INSTRUCTIONS in config.parameters and INSTRUCTIONS not in engine.Parameters.model_fields:
        yield f"instructions were ignored: {engine.info.name} is not told how to speak"


def suits(plan: SpeechPlan, language: str | None) -> bool:
    """True if the plan is what would be made for a text in this language (BCP 47; None: it is not known)."""
    asked = plan.asked
    if asked.language is not None or asked.detected == language:
        return True
    own = next(iter(plan.voice.languages), None)
    if asked.detected is not None or language is None or own is None or not plan.default_voice:
        return False
    return "-" not in language and same_language(own, language)


def spoken_language(info: EngineInfo, wanted: str | None, voice: Voice) -> str | None:
    """The tag of what is spoken: the voice's or the engine's own, never a client's string, for it becomes a label."""
    own = next(iter(voice.languages), None)
    if wanted is None or (own is not None and "-" not in wanted and same_language(own, wanted)):
        return own
    return best_match(wanted, voice.languages or info.languages) or own


def only_language(info: EngineInfo, config: SynthesisConfig) -> str | None:
    """The language of a text where neither voice nor engine says what is spoken: as far as it is known otherwise."""
    wanted = config.language or config.detected
    return wanted or (info.languages[0] if len(info.languages) == 1 else None)


def unreadable(text: str, voice: Voice, language: str | None) -> str | None:
    """Tells the client which letters of a text a voice cannot read; None where it reads them."""
    script = main_script(text)
    if language is not None and script is not None and not reads(language, script):
        return f"The voice cannot read the {script} script of this text."
    spelled = next((each for each in voice.spells if has_letters(text, each)), None)
    return spelled and f"The voice spells out {spelled} letters one by one: it has no readings for them."


def permitted_names(plan: SpeechPlan, asked: str | None) -> tuple[str | None, ...]:
    """Names under which a caller may use the voice: the one asked for only where it is not just one like it."""
    return (plan.voice.id, asked) if plan.exact else (plan.voice.id,)


def wanted_voices(plan: SpeechPlan) -> tuple[str | None, ...]:
    """Voices that may stand in, by name: the one asked for, or all that the caller may use, the chosen one first."""
    if plan.asked.voice is not None or plan.chosen is None:
        return (plan.asked.voice,)
    return (plan.chosen, *(each for each in plan.asked.permission.voices if each != plan.chosen))


def recording_of(voice: Voice) -> str | None:
    """Names a recording by its content: engines are given different parts of it."""
    return voice.digest or voice.reference
