"""Translates what a request asks into what an engine that listens can do."""

from __future__ import annotations

from pydantic import BaseModel

from adapters.parameters import LISTED, check_language
from stts.engine_api import EngineInfo, ListenParams
from stts.errors import InvalidParameter
from stts.languages import best_match
from stts.transcription import TranscriptionConfig

KEYWORD_CHARACTERS = 300
"""Characters of the keywords that go before a prompt: as many again of what was said follow, and a model reads no more
than a sentence or two."""


def listen_params(info: EngineInfo, config: TranscriptionConfig, extra: BaseModel) -> tuple[ListenParams, list[str]]:
    """Arguments of each call, and what is done otherwise than asked, in words.

    Raises InvalidParameter for what the engine cannot do and nobody could do without.
    """
    abilities, warnings = info.abilities, list[str]()
    check_language(info, config.language)
    if config.task == "translate" and not abilities.translation:
        raise InvalidParameter(f"{info.name} cannot translate.", param="task", allowed=["transcribe"])
    if config.word_timestamps and not abilities.word_times:
        raise InvalidParameter(f"{info.name} has no word times.", param="word_timestamps", allowed=["false"])
    language, among = _languages(info, config)
    keywords = _keywords(info, config, warnings)
    if config.logprobs and not abilities.logprobs:
        warnings.append(f"include was ignored: {info.name} does not tell log probabilities")
    params = ListenParams(
        language=language,
        task=config.task,
        word_timestamps=config.word_timestamps or (_prefers_word_times(config) and abilities.word_times),
        prompt=config.prompt,
        languages=among,
        keywords=keywords,
        logprobs=config.logprobs and abilities.logprobs,
        extra=extra,
    )
    return params, warnings


def _prefers_word_times(config: TranscriptionConfig) -> bool:
    return config.prefer_word_times or config.speakers is not None


def _languages(info: EngineInfo, config: TranscriptionConfig) -> tuple[str | None, tuple[str, ...]]:
    """The language, where there is but one, and those among which it is detected otherwise.

    Of several that are asked for those count which the engine knows; one of them it must.
    """
    if config.language is not None or not config.languages:
        return config.language, ()
    known = tuple(each for each in config.languages if not info.languages or best_match(each, info.languages))
    if not known:
        raise InvalidParameter(
            f"{info.name} knows none of these languages.", param="languages", allowed=sorted(info.languages)[:LISTED]
        )
    if len(known) == 1 or not info.abilities.language_detection:
        return known[0], ()
    return None, known


def _keywords(info: EngineInfo, config: TranscriptionConfig, warnings: list[str]) -> tuple[str, ...]:
    """Those of the keywords that the engine can take."""
    if not config.keywords or info.abilities.keywords:
        return config.keywords
    if not info.abilities.prompt:
        warnings.append(f"keywords were ignored: {info.name} favours no words")
        return ()
    taken, room = list[str](), KEYWORD_CHARACTERS
    for keyword in config.keywords:
        room -= len(keyword) + 2
        if room < 0:
            warnings.append(f"keywords beyond the first {len(taken)} were ignored: {info.name} takes no more")
            break
        taken.append(keyword)
    return tuple(taken)
