"""Values that engines tell, as they arrive."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from adapters.execution.values import read_segment, read_spoken_words, segment_fields
from stts.engine_api import Segment, Word
from stts.errors import EngineError
from stts.spoken_words import SpokenWord, words_plain

SEGMENT = Segment("yes", 0.5, 1.5, words=(Word("yes", 0.5, 1.0, 0.9),), language="en", tokens=(1, 2), avg_logprob=-0.5)


def test_a_segment_arrives_as_it_was() -> None:
    assert read_segment(segment_fields(SEGMENT)) == SEGMENT


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_times_that_are_no_numbers_are_the_engine_s_error(number: float) -> None:
    for segment in (
        replace(SEGMENT, start=number),
        replace(SEGMENT, end=number),
        replace(SEGMENT, words=(Word("yes", 0.0, number),)),
    ):
        with pytest.raises(EngineError, match="no numbers"):
            read_segment(segment_fields(segment))


def test_what_else_is_no_number_is_unknown() -> None:
    words = (Word("yes", 0.5, 1.0, math.nan),)
    segment = replace(SEGMENT, words=words, avg_logprob=-math.inf, compression_ratio=math.nan, no_speech_prob=math.nan)
    read = read_segment(segment_fields(segment))
    assert (read.avg_logprob, read.compression_ratio, read.no_speech_prob) == (None, None, None)
    assert read.words[0].probability is None


def test_numbers_of_numpy_are_numbers() -> None:
    values: dict[str, Any] = {**segment_fields(SEGMENT), "start": np.float32(0.5), "no_speech_prob": np.float32(0.25)}
    values["words"] = [{"text": "yes", "start": np.float32(0.5), "end": np.int64(1), "probability": np.float32(1)}]
    read = json.loads(json.dumps(asdict(read_segment(values))))
    assert (read["start"], read["no_speech_prob"], read["words"][0]["end"]) == (0.5, 0.25, 1.0)


def test_spoken_words_arrive_as_they_were() -> None:
    words = (SpokenWord(0, 3, 0.0, 0.25), SpokenWord(4, 2, 0.3, 0.5))
    assert read_spoken_words(json.loads(json.dumps(words_plain(words)))) == words


@pytest.mark.parametrize("told", [[[0, 3, math.nan, 1.0]], [[0, 3, 0.0, math.inf]], [[0, 3]], 7, [["a", 1, 0.0, 1.0]]])
def test_words_that_are_none_are_the_engine_s_error(told: object) -> None:
    with pytest.raises(EngineError):
        read_spoken_words(told)
