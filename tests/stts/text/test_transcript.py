from stts.engine_api import Segment
from stts.text.transcript import join_texts, srt, vtt

SEGMENTS = [Segment(" Hello there. ", 0.0, 1.5), Segment("Again -->\n\nme", 3661.0, 3662.0004)]


def test_texts_are_joined_as_their_language_is_written() -> None:
    assert join_texts([" one ", "", "two"], "en") == "one two"
    assert join_texts(["一", "二"], "zh-CN") == "一二"
    assert join_texts([], None) == ""


def test_srt() -> None:
    assert srt(SEGMENTS) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n\n2\n01:01:01,000 --> 01:01:02,000\nAgain -> me\n"
    )


def test_vtt() -> None:
    assert vtt(SEGMENTS[:1]) == "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello there.\n"


def test_no_speech_is_an_empty_srt_and_a_bare_vtt() -> None:
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n\n"
