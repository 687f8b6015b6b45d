from __future__ import annotations

from dataclasses import replace

import pytest

from routers.compat.deepgram.result_encoder import ResultEncoder, ResultRules
from stts.access.allowances import QuotaExceeded
from stts.conversation import events
from stts.errors import EngineTimeout
from stts.transcription import Segment

RULES = ResultRules(
    formatted=True, interim=True, vad_events=True, endpoints=True, utterance_end=1.0, multilingual=False
)
METADATA = {"request_id": "id"}


def encoder(rules: ResultRules = RULES) -> ResultEncoder:
    return ResultEncoder(0, 1, rules, METADATA, "id")


def final(text: str, turn: int = 1, start: float = 0.5, seconds: float = 2.0) -> events.FinalTranscript:
    segment = Segment(text, 0.3, 1.5, language="de") if text else None
    return events.FinalTranscript(turn, "item", segment, start, seconds)


def test_a_turn() -> None:
    made = encoder()
    assert made.to_messages(events.SpeechStarted(1, "item", 0.5), 1.0) == [
        {"type": "SpeechStarted", "channel": [0, 1], "timestamp": 0.5}
    ]
    (first,) = made.to_messages(events.PartialTranscript(1, "item", "Good ", "mor"), 1.5)
    (second,) = made.to_messages(events.PartialTranscript(1, "item", "morning.", ""), 2.0)
    (last,) = made.to_messages(final("Good morning."), 2.5)
    texts = [each["channel"]["alternatives"][0]["transcript"] for each in (first, second, last)]
    assert texts == ["Good mor", "Good morning.", "Good morning."]
    assert [(each["is_final"], each["speech_final"]) for each in (first, second, last)] == [
        (False, False),
        (False, False),
        (True, True),
    ]
    assert (first["start"], first["duration"]) == (0.5, 1.0)
    assert (last["start"], last["duration"], last["channel_index"], last["metadata"]) == (0.5, 2.0, [0, 1], METADATA)
    assert last["from_finalize"] is False and "languages" not in last["channel"]["alternatives"][0]


def test_only_what_was_asked_for_is_told() -> None:
    made = encoder(replace(RULES, interim=False, vad_events=False, endpoints=False, multilingual=True))
    assert made.to_messages(events.SpeechStarted(1, "item", 0.5), 1.0) == []
    assert made.to_messages(events.PartialTranscript(1, "item", "Good", ""), 1.5) == []
    (last,) = made.to_messages(final("Gut."), 2.5)
    assert (last["is_final"], last["speech_final"]) == (True, False)
    assert last["channel"]["alternatives"][0]["languages"] == ["de"]


def test_a_turn_that_the_client_has_ended_says_so_once() -> None:
    made = encoder()
    assert made.to_messages(events.TurnCommitted(1, "item", 1.0, pushed=True), 1.0) == []
    assert made.to_messages(final("one", 1), 2.0)[0]["from_finalize"] is True
    assert made.to_messages(final("two", 2), 4.0)[0]["from_finalize"] is False
    nothing = made.nothing_to_finalize(4.0)
    assert (nothing["from_finalize"], nothing["channel"]["alternatives"][0]["transcript"]) == (True, "")


def test_an_utterance_ends_once_when_nobody_has_spoken_for_a_while() -> None:
    made = encoder()
    made.to_messages(events.SpeechStarted(1, "item", 0.5), 1.0)
    assert made.utterance_ended(9.0) == []
    made.to_messages(final("Good morning."), 2.4)
    end = 0.5 + 1.5
    assert made.utterance_ended(end + 0.9) == []
    made.to_messages(events.SpeechStarted(2, "item", 2.8), 3.0)
    assert made.utterance_ended(9.0) == []
    made.to_messages(final("", 2, 2.8), 3.4)
    assert made.utterance_ended(9.0) == [{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": end}]
    assert made.utterance_ended(10.0) == []
    assert encoder(replace(RULES, utterance_end=None)).utterance_ended(9.0) == []


def settled(text: str, at: float) -> events.TranscriptSettled:
    return events.TranscriptSettled(1, "item", Segment(text, 0.3, at - 0.5), 0.5, at)


@pytest.mark.parametrize("pauses_end", [True, False])
def test_words_up_to_a_pause_are_told_once(pauses_end: bool) -> None:
    made = encoder(replace(RULES, pauses_end=pauses_end))
    made.to_messages(events.SpeechStarted(1, "item", 0.5), 1.0)
    made.to_messages(events.PartialTranscript(1, "item", "Good morning,", ""), 1.5)
    (first,) = made.to_messages(settled("Good morning,", 2.0), 2.1)
    assert (first["start"], first["duration"]) == (0.5, 1.5)
    assert (first["is_final"], first["speech_final"]) == (True, pauses_end)
    (interim,) = made.to_messages(events.PartialTranscript(1, "item", " you", " all"), 2.5)
    assert interim["channel"]["alternatives"][0]["transcript"] == "you all" and interim["start"] == 2.0
    whole = replace(final("Good morning, you all."), seconds=3.0)
    (last,) = made.to_messages(whole, 3.6)
    alternative = last["channel"]["alternatives"][0]
    assert alternative["transcript"] == "you all." and [each["word"] for each in alternative["words"]] == ["you", "all"]
    assert (last["start"], last["speech_final"]) == (2.0, True)


def test_the_end_of_a_turn_that_is_told_is_told_where_it_is_news() -> None:
    for pauses_end, more in ((True, 0), (False, 1)):
        made = encoder(replace(RULES, pauses_end=pauses_end))
        made.to_messages(events.SpeechStarted(1, "item", 0.5), 1.0)
        made.to_messages(settled("Good.", 2.0), 2.1)
        over = made.to_messages(final("Good."), 3.0)
        assert [each["speech_final"] for each in over] == [True] * more
    made = encoder(replace(RULES, pauses_end=True))
    made.to_messages(events.SpeechStarted(1, "item", 0.5), 1.0)
    made.to_messages(settled("Good.", 2.0), 2.1)
    made.to_messages(events.TurnCommitted(1, "item", 1.0, pushed=True), 3.0)
    (answer,) = made.to_messages(final("Good."), 3.0)
    assert answer["from_finalize"] and not answer["channel"]["alternatives"][0]["words"]


def test_a_turn_that_fails_is_over_nevertheless() -> None:
    made = encoder()
    made.to_messages(events.SpeechStarted(1, "item", 0.5), 1.0)
    error, over = made.to_messages(events.TranscriptFailed(1, "item", EngineTimeout("Too long.")), 3.0)
    assert (error["type"], error["description"]) == ("Error", "Too long.")
    assert (over["is_final"], over["speech_final"]) == (True, True)
    assert made.to_messages(events.TranscriptFailed(1, "item", QuotaExceeded("Used up.")), 3.0) == []
    assert made.to_messages(events.Failed(EngineTimeout("Too long.")), 3.0)[0]["type"] == "Error"
    assert made.to_messages(events.Lagging(2.0), 3.0) == []
