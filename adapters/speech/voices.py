"""From what a request asks to what an engine is given: its voice, its language, its own parameters."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.parameters import check_language, validated
from adapters.speech.voice_choice import VoiceChoice, VoiceRules, choose_voice
from stts.engine_api import EngineInfo, SpeechParams, TTSEngine, Voice
from stts.languages import best_match, same_language
from stts.speech import SynthesisConfig
from stts.text.script import has_letters, main_script, reads


@dataclass(frozen=True, slots=True)
class ResolvedSpeech:
    """One request as the engine is given it."""

    voice: Voice
    params: SpeechParams
    remaining_speed: float
    """What is left of the speed factor for the effects, the engine having done its part."""
    warning: str | None = None
    """What is done otherwise than asked, for the client."""
    exact: bool = True
    """False: another engine may have what was asked for itself."""


async def resolve_speech(engine: TTSEngine, config: SynthesisConfig, rules: VoiceRules) -> ResolvedSpeech:
    """Raises UnknownVoice and InvalidParameter for what this engine cannot do."""
    info = engine.info
    check_language(info, config.language)
    choice: VoiceChoice = await choose_voice(engine, config, rules)
    low, high = info.abilities.speed or (1.0, 1.0)
    own_speed = config.speed if low <= config.speed <= high else 1.0
    params = SpeechParams(
        language=spoken_language(info, config.language or config.detected, choice.voice),
        speed=own_speed,
        seed=config.seed,
        extra=validated(engine.Parameters, config.parameters, ignore_unknown=config.ignore_unknown_parameters),
    )
    return ResolvedSpeech(choice.voice, params, config.speed / own_speed, choice.warning, choice.exact)


def spoken_language(info: EngineInfo, wanted: str | None, voice: Voice) -> str | None:
    """The tag of what is spoken: the voice's or the engine's own, never a client's string, for it becomes a label."""
    own = next(iter(voice.languages), None)
    if wanted is None or (own is not None and "-" not in wanted and same_language(own, wanted)):
        return own
    return best_match(wanted, voice.languages or info.languages) or own


def unreadable(text: str, voice: Voice, language: str | None) -> str | None:
    """What a voice cannot do with the letters of a text, for the client; None where it reads them."""
    script = main_script(text)
    if language is not None and script is not None and not reads(language, script):
        return f"The voice cannot read the {script} script of this text."
    spelled = next((each for each in voice.spells if has_letters(text, each)), None)
    return spelled and f"The voice spells out {spelled} letters one by one: it has no readings for them."
