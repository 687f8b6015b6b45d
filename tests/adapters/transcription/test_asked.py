from __future__ import annotations

import pytest

from adapters.transcription.asked import KEYWORD_CHARACTERS, listen_params
from stts.engine_api import Abilities, EngineInfo, ListenParams
from stts.engine_api import STTEngine as Engine
from stts.errors import InvalidParameter
from stts.transcription import TranscriptionConfig


def asked(config: TranscriptionConfig, **abilities: bool) -> tuple[ListenParams, list[str]]:
    info = EngineInfo("ear", "stt", "", ("en", "de", "fr"), abilities=Abilities(**abilities))  # type: ignore[arg-type]
    return listen_params(info, config, Engine.Parameters())


def test_of_several_languages_those_that_the_engine_knows_come_into_question() -> None:
    config = TranscriptionConfig(languages=("de", "xx", "fr"))
    params, _ = asked(config, language_detection=True)
    assert (params.language, params.languages) == (None, ("de", "fr"))
    params, _ = asked(config)
    assert (params.language, params.languages) == ("de", ()), "nobody detects, so the first that is known"
    params, _ = asked(TranscriptionConfig(languages=("xx", "fr")), language_detection=True)
    assert (params.language, params.languages) == ("fr", ())
    with pytest.raises(InvalidParameter):
        asked(TranscriptionConfig(languages=("xx", "yy")), language_detection=True)


def test_keywords_go_where_they_can() -> None:
    config = TranscriptionConfig(keywords=("a", "b"))
    assert asked(config, keywords=True)[0].keywords == ("a", "b")
    assert asked(config, prompt=True)[0].keywords == ("a", "b")
    params, warnings = asked(config)
    assert params.keywords == () and "keywords" in warnings[0]


def test_so_many_keywords_as_a_prompt_has_room_for() -> None:
    words = tuple(f"keyword{number}" for number in range(90))
    params, (warning,) = asked(TranscriptionConfig(keywords=words), prompt=True)
    assert 0 < len(params.keywords) < 90 and sum(map(len, params.keywords)) <= KEYWORD_CHARACTERS
    assert str(len(params.keywords)) in warning
    assert asked(TranscriptionConfig(keywords=words), keywords=True)[0].keywords == words


def test_log_probabilities_are_asked_of_who_tells_them() -> None:
    config = TranscriptionConfig(logprobs=True)
    assert asked(config, logprobs=True) == (ListenParams(logprobs=True, extra=Engine.Parameters()), [])
    params, (warning,) = asked(config)
    assert not params.logprobs and "log probabilities" in warning
