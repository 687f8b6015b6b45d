"""Chooses the voice of a request: the one that is named, one like it, or the default that speaks the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from adapters.parameters import LISTED
from adapters.speech.refusals import NoSuchVoice
from adapters.speech.stored_voice import require_cloning, stored_voice
from stts.access.viewer import EVERYBODY, Viewer
from stts.engine_api import TTSEngine, Voice
from stts.errors import UnknownVoice
from stts.languages import best_match, english_name, nearest
from stts.protocols import LibraryVoice, VoiceLibrary
from stts.speech import SynthesisConfig
from stts.voice_names import DEFAULT_NAMES, HOSTED, Gender, likeness


@dataclass(frozen=True, slots=True)
class VoiceRules:
    """Rules for the voices of one engine beside the engine's own."""

    library: VoiceLibrary
    default: str | None = None
    """The operator's default voice."""
    by_language: Mapping[str, str] = field(default_factory=dict)
    """The operator's default voices for single languages (BCP 47), which go before the other."""
    hosted: Mapping[str, str] = field(default_factory=dict)
    """Hosted voice name -> voice of this engine."""
    gender: Gender = ""
    """Gender of the voice that is stood in for, where the request names no voice of this engine."""

    def for_language(self, language: str | None) -> VoiceRules:
        """The rules with the default voice for a language."""
        tag = best_match(language, self.by_language) if language is not None and self.by_language else None
        return self if tag is None else replace(self, default=self.by_language[tag])


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    voice: Voice
    warning: str | None = None
    """Warning to the client about a voice other than the requested one."""
    exact: bool = True
    """False: another engine may have what was asked for itself."""
    stored: LibraryVoice | None = None
    """The voice that was named, with what its card says."""


async def choose_voice(engine: TTSEngine, config: SynthesisConfig, rules: VoiceRules) -> VoiceChoice:
    """Raises UnknownVoice. A named voice goes before the language of the text, never before a language asked for.

    Names of the hosted service are no choice of a language, since its clients must always send one: where the voice
    does not speak what is wanted, another of its gender does.
    """
    if config.speaker is not None:
        return _speaker_given(engine, config, config.speaker)
    name, rules = config.voice, rules.for_language(config.language or config.detected)
    if name is None:
        return _default(engine, config, rules)
    mapped = rules.hosted.get(name) or rules.hosted.get(name.lower())
    if mapped is not None:
        named = await _named(engine, mapped, rules, EVERYBODY)
        if named is None:
            raise _unknown(engine, mapped, f"openai.voices names a voice that {engine.info.name} does not have.")
        return _hosted(engine, config, rules, named)
    named = await _named(engine, name, rules, config.permission.viewer)
    if name.lower() in HOSTED:
        # The kind of voice that was to speak goes before what its name usually stands for.
        like = rules.gender or HOSTED[name.lower()]
        if named is None and (voice := _of_kind(engine, rules, name.lower())) is not None:
            named = LibraryVoice(_of_region(engine, rules, config.language, voice))
        return _hosted(engine, config, rules, named) if named else _default(engine, config, rules, like)
    if named is None and not engine.info.abilities.cloning:
        named = await stored_voice(engine, rules.library, name, config.permission.viewer)
    if named is not None:
        mismatch = _mismatch(named.voice, config.language)
        return VoiceChoice(named.voice, mismatch, exact=mismatch is None, stored=named)
    if name.lower() in DEFAULT_NAMES:
        return _default(engine, config, rules)
    return _alike(engine, config, rules, name)


def speaks(voice: Voice, language: str | None) -> bool:
    """True if a voice fits a language; one that names no languages fits all of its engine's."""
    return language is None or not voice.languages or best_match(language, voice.languages) is not None


def _speaker_given(engine: TTSEngine, config: SynthesisConfig, speaker: Voice) -> VoiceChoice:
    require_cloning(engine.info)
    mismatch = _mismatch(speaker, config.language)
    return VoiceChoice(speaker, mismatch, exact=mismatch is None)


async def _named(engine: TTSEngine, name: str, rules: VoiceRules, viewer: Viewer) -> LibraryVoice | None:
    """Finds a voice by its id, among the stored ones where the engine clones, else in another case or by its name for
    people."""
    if (found := engine.find_voice(name)) is not None:
        return LibraryVoice(found)
    if engine.info.abilities.cloning:
        stored = await stored_voice(engine, rules.library, name, viewer)
        if stored is not None:
            return stored
    lower = name.lower()
    alike = (each for each in engine.voices() if lower in (each.id.lower(), each.name.lower()))
    return next(map(LibraryVoice, alike), None)


def _hosted(engine: TTSEngine, config: SynthesisConfig, rules: VoiceRules, named: LibraryVoice) -> VoiceChoice:
    if speaks(named.voice, config.language or config.detected):
        return VoiceChoice(named.voice, stored=named)
    return _default(engine, config, rules, named.voice.gender)


def _of_kind(engine: TTSEngine, rules: VoiceRules, name: str) -> Voice | None:
    """The engine's own choice for a hosted name, unless the operator has chosen a default voice."""
    if rules.default:
        return None
    found = map(engine.find_voice, engine.info.hosted_voices.get(name, ()))
    voice = next((each for each in found if each is not None), None)
    if voice is None or rules.gender in ("", voice.gender):
        return voice
    # Another engine was to speak with a voice of this gender: the name alone does not say so.
    return engine.of_gender(voice, rules.gender)


def _of_region(engine: TTSEngine, rules: VoiceRules, language: str | None, voice: Voice) -> Voice:
    """The voice, unless the language asked for has a region that is another's: then that one, of its gender."""
    if language is None or "-" not in language or language in voice.languages:
        return voice
    there = _speaker_of(engine, rules, language, voice.gender)
    return there if language in there.languages else voice


def _alike(engine: TTSEngine, config: SynthesisConfig, rules: VoiceRules, name: str) -> VoiceChoice:
    info = engine.info
    like = likeness(name)
    language = config.language or (like.language if like is not None else None)
    if like is None or (info.languages and best_match(language or "", info.languages) is None):
        raise _unknown(engine, name, f"{info.name} has no such voice among its {len(engine.voices())}.")
    voice = _speaker_of(engine, rules, language, like.gender or rules.gender)
    warning = "There is no such voice here; a voice of the same language speaks." if like.is_voice else None
    return VoiceChoice(voice, warning, exact=False)


def _default(engine: TTSEngine, config: SynthesisConfig, rules: VoiceRules, gender: Gender = "") -> VoiceChoice:
    """Default voice for the requested language, else for that of the text if a voice speaks it."""
    info = engine.info
    gender = gender or ("" if rules.default else rules.gender)
    wanted = config.language or config.detected
    # The default voice is asked first: of a hundred voices it is the one that most texts are for.
    voices = chain((_preferred(engine, rules),), info.voices)
    if config.language is None and not any(voice is not None and speaks(voice, wanted) for voice in voices):
        warning = f"{info.name} has no voice for {english_name(wanted).title()}, which the text seems to be in."
        return VoiceChoice(_speaker_of(engine, rules, None, gender), warning, exact=False)
    return VoiceChoice(_speaker_of(engine, rules, wanted, gender))


def _preferred(engine: TTSEngine, rules: VoiceRules) -> Voice | None:
    """The operator's default voice, or the engine's own. Raises UnknownVoice where the operator's does not exist."""
    wanted = rules.default or engine.info.default_voice
    preferred = engine.find_voice(wanted) if wanted else None
    if rules.default and preferred is None:
        raise UnknownVoice(
            f"tts.voices or tts.language_voices names a voice that {engine.info.name} does not have.", param="voice"
        )
    return preferred


def _speaker_of(engine: TTSEngine, rules: VoiceRules, language: str | None, gender: Gender) -> Voice:
    """The default voice if it speaks the language, else the best that does; of the gender where there is one.

    The engine's own default gives way to a voice of the very region that is wanted, the operator's does not.
    """
    preferred = _preferred(engine, rules)
    best = preferred if preferred is not None and speaks(preferred, language) else _best(engine, language)
    if not rules.default and language is not None and "-" in language and language not in best.languages:
        best = next((voice for voice in engine.voices() if language in voice.languages), best)
    return engine.of_gender(best, gender) if gender and gender != best.gender else best


def _best(engine: TTSEngine, language: str | None) -> Voice:
    voices = [voice for voice in engine.voices() if speaks(voice, language)]
    if not voices:
        if not engine.voices():
            engine.require_installed()  # or else its voices come with its models
        raise UnknownVoice(
            f"{engine.info.name} has no voice of its own for this; name a reference recording.", param="voice"
        )
    if language is None:
        return voices[0]
    exact = best_match(language, [tag for voice in voices for tag in voice.languages])
    return next((voice for voice in voices if exact in voice.languages), voices[0])


def _mismatch(voice: Voice, language: str | None) -> str | None:
    return None if speaks(voice, language) else "The voice asked for does not speak the language asked for."


def _unknown(engine: TTSEngine, name: str, message: str) -> NoSuchVoice:
    voices = engine.voices()
    ids = [voice.id for voice in voices]
    near = nearest(name, [*ids, *HOSTED, *(voice.name for voice in voices if voice.name)])
    hint = f" Near it are: {', '.join(near)}." if near else ""
    return NoSuchVoice(
        f"{message}{hint}", param="voice", allowed=[*near, *(id for id in ids if id not in near)][:LISTED]
    )
