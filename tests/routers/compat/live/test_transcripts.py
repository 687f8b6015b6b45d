"""Fragments: joined they are the text, their spans follow one another, and each has the space before it."""

from __future__ import annotations

from itertools import pairwise

from routers.compat.live.timeline import InputPlaces
from routers.compat.live.transcripts import INPUT, OUTPUT, InputTranscript, Transcript
from stts.conversation.events import FinalTranscript, PartialTranscript, SpeechStarted, SpeechStopped
from stts.transcription import Segment


def partial(turn: int, text: str, tail: str = "") -> PartialTranscript:
    return PartialTranscript(turn, f"item_{turn}", text, tail)


def final(turn: int, text: str, start: float = 0.0, seconds: float = 1.0) -> FinalTranscript:
    return FinalTranscript(turn, f"item_{turn}", Segment(text, 0.0, seconds) if text else None, start, seconds)


def test_turns_are_parted_by_a_space_unless_their_script_has_none() -> None:
    transcript = Transcript(OUTPUT)
    told = ""
    for text in ("one", " two", "three", "\u4f60\u597d", "\u4e16\u754c", " four"):
        transcript.begin()
        fragment = transcript.fragment(text, 0, 10)
        assert fragment is not None
        told += fragment["delta"]
    assert told == "one two three \u4f60\u597d\u4e16\u754c four"
    assert transcript.fragment("", 0, 10) is None


def test_a_turn_begins_no_sooner_than_the_one_before_has_ended() -> None:
    transcript = Transcript(OUTPUT)
    spans = []
    for text, start, end in (("a", 100, 300), ("b", 200, 260), ("c", 280, 400)):
        transcript.begin()
        fragment = transcript.fragment(text, start, end)
        assert fragment is not None
        spans.append((fragment["start_ms"], fragment["end_ms"]))
    assert spans == [(100, 300), (300, 300), (300, 400)]


def test_spans_go_on_where_the_one_before_has_ended() -> None:
    transcript = Transcript(OUTPUT)
    spans = []
    for text, start, end in (("a", 100, 150), (" b", 300, 350), (" c", 320, 340)):
        fragment = transcript.fragment(text, start, end)
        assert fragment is not None
        spans.append((fragment["start_ms"], fragment["end_ms"]))
    assert spans == [(100, 150), (150, 350), (350, 350)]


def test_partials_are_told_as_they_come_and_the_rest_at_the_end() -> None:
    transcript = InputTranscript(InputPlaces())
    transcript.started(SpeechStarted(1, "item_1", 0.5))
    fragments = [transcript.partial(partial(1, "hello", "world"), 1.1), transcript.partial(partial(1, ""), 1.1)]
    transcript.stopped(SpeechStopped(1, "item_1", 1.4))
    fragments.append(transcript.final(final(1, "hello world"), 1.9))
    told = [fragment for fragment in fragments if fragment is not None]
    assert [fragment["delta"] for fragment in told] == ["hello", " world"]
    assert [(each["start_ms"], each["end_ms"]) for each in told] == [(500, 773), (773, 1400)]
    assert {each["type"] for each in told} == {INPUT}


def test_a_recogniser_without_partials_tells_one_fragment_with_the_true_span() -> None:
    transcript = InputTranscript(InputPlaces())
    transcript.started(SpeechStarted(1, "item_1", 0.5))
    transcript.stopped(SpeechStopped(1, "item_1", 2.5))
    fragment = transcript.final(final(1, "all of it"), 3.0)
    assert fragment is not None
    assert (fragment["delta"], fragment["start_ms"], fragment["end_ms"]) == ("all of it", 500, 2500)


def test_words_behind_the_end_of_speech_have_a_span_of_their_own() -> None:
    transcript = InputTranscript(InputPlaces())
    transcript.started(SpeechStarted(1, "item_1", 0.0))
    transcript.partial(partial(1, "one"), 1.5)
    transcript.stopped(SpeechStopped(1, "item_1", 0.4))
    fragment = transcript.final(final(1, "one two"), 1.9)
    assert fragment is not None
    assert (fragment["start_ms"], fragment["end_ms"]) == (500, 1900)


def test_each_piece_of_a_turn_has_a_span_however_late_its_words_come() -> None:
    transcript = InputTranscript(InputPlaces())
    transcript.started(SpeechStarted(1, "item_1", 2.1))
    spans = []
    for text, tail in (("What is", " the weather"), (" the", " weather today"), (" weather", "")):
        fragment = transcript.partial(partial(1, text, tail), 3.5)
        assert fragment is not None
        spans.append((fragment["start_ms"], fragment["end_ms"]))
    transcript.stopped(SpeechStopped(1, "item_1", 3.5))
    fragment = transcript.final(final(1, "What is the weather today?"), 4.0)
    assert fragment is not None
    spans.append((fragment["start_ms"], fragment["end_ms"]))
    assert (spans[0][0], spans[-1][1]) == (2100, 3500)
    assert all(end - start > 80 for start, end in spans)
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_a_turn_without_words_is_no_fragment() -> None:
    transcript = InputTranscript(InputPlaces())
    assert transcript.final(final(1, ""), 1.0) is None
