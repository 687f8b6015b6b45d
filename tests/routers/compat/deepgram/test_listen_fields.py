from __future__ import annotations

from urllib.parse import urlencode

import pytest
from starlette.datastructures import QueryParams

from routers.compat.deepgram.listen_fields import read_query
from routers.compat.deepgram.live_fields import LiveFields
from routers.compat.deepgram.options import DeepgramOptions
from stts.conversation.config import SessionConfig
from stts.errors import InvalidParameter, UnsupportedFormat
from stts.vad.rules import TurnRules

OPTIONS = DeepgramOptions.model_validate({})


def read(**query: object) -> LiveFields:
    return read_query(LiveFields, QueryParams(urlencode(query, doseq=True)))


def checked(**query: object) -> LiveFields:
    fields = read(**query)
    fields.check()
    return fields


def test_what_the_plugins_of_frameworks_send() -> None:
    fields = checked(
        model="nova-3",
        punctuate="true",
        smart_format="false",
        no_delay="true",
        interim_results="true",
        encoding="linear16",
        vad_events="true",
        sample_rate=16000,
        channels=1,
        endpointing=25,
        filler_words="true",
        profanity_filter="false",
        numerals="false",
        mip_opt_out="false",
        language="en-US",
        keyterm=["Deepgram", "two words"],
        keywords=["snuffle:2.5"],
    )
    assert fields.formatted and fields.interim_results and fields.vad_events
    config = fields.config("auto", OPTIONS, partials=True)
    assert (config.language, config.prompt) == ("en-US", "snuffle, Deepgram, two words")
    assert [each["parameter"] for each in fields.warnings()] == ["filler_words"]


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ({}, "en"),
        ({"language": "de"}, "de"),
        ({"language": "multi"}, None),
        ({"detect_language": "true"}, None),
        ({"detect_language": ["en", "es"], "language": "de"}, None),
        ({"detect_language": "false"}, "en"),
    ],
)
def test_language(query: dict[str, object], language: str | None) -> None:
    assert read(**query).config("auto", OPTIONS).language == language


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"callback": "https://elsewhere.example/"}, "callback"),
        ({"redact": "pci"}, "redact"),
        ({"encoding": "g729", "sample_rate": 8000}, "encoding"),
        ({"encoding": "LINEAR16 "}, "encoding"),
        ({"encoding": "linear16"}, "sample_rate"),
        ({"encoding": "linear16", "sample_rate": 10**9}, "rate"),
        ({"encoding": "linear16", "sample_rate": 0}, "rate"),
        ({"encoding": "linear16", "sample_rate": "many"}, "sample_rate"),
        ({"encoding": "linear16", "sample_rate": -1}, "rate"),
        ({"channels": 0}, "channels"),
        ({"channels": 10**6}, "channels"),
        ({"multichannel": "true", "channels": 2}, "multichannel"),
        ({"endpointing": "soon"}, "endpointing"),
        ({"endpointing": "9" * 5000}, "endpointing"),
        ({"utterance_end_ms": -5}, "utterance_end_ms"),
        ({"interim_results": "perhaps"}, "interim_results"),
        ({"model": "m" * 1000}, "model"),
        ({"keyterm": ["a"] * 101}, "keyterm"),
    ],
)
def test_what_is_refused(query: dict[str, object], param: str) -> None:
    with pytest.raises((InvalidParameter, UnsupportedFormat)) as caught:
        checked(**query)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("endpointing", "silence", "told", "pause"),
    [
        (None, 0.7, True, 0.16),
        ("true", 0.7, True, 0.16),
        ("10", 0.3, True, 0.01),
        ("300", 0.3, True, 0.16),
        ("900", 0.9, True, 0.16),
        ("false", 0.7, False, 0.16),
        ("0", 0.7, False, 0.16),
    ],
)
def test_pauses(endpointing: str | None, silence: float, told: bool, pause: float) -> None:
    fields = checked(**({} if endpointing is None else {"endpointing": endpointing}))
    base = SessionConfig(turns=TurnRules(silence=0.7))
    config = fields.over(base, fields.config("auto", OPTIONS), OPTIONS)
    assert config.turns is not None and (config.turns.silence, config.turns.detector) == (silence, False)
    assert fields.rules(OPTIONS).endpoints is told
    assert config.turns.pause == pause and fields.rules(OPTIONS).pauses_end is (pause < 0.16)
    # Where a short pause is one that is told of, it makes the words so far final; else a long turn's do.
    assert config.listen.settle_after == (0.0 if pause < 0.16 else 4.0)
    assert config.reply is None and config.speak is None
