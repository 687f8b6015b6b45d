from stts.engine_api import Word, word_tokens
from stts.text.cues import Cue
from stts.text.subtitles import srt, vtt
from stts.text.transcript import join_texts

CUES = [Cue(0, 1500, ("Hello there.",)), Cue(3_661_000, 3_662_007, ("Again --> me", "& <you>"))]


def test_texts_are_joined_as_their_language_is_written() -> None:
    assert join_texts([" one ", "", "two"], "en") == "one two"
    assert join_texts(["一", "二"], "zh-CN") == "一二"
    assert join_texts([], None) == ""


def test_srt() -> None:
    assert srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n\n2\n01:01:01,000 --> 01:01:02,007\nAgain -> me\n& <you>\n"
    )


def test_vtt_is_escaped() -> None:
    assert vtt(CUES) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n"
        "01:01:01.000 --> 01:01:02.007\nAgain --&gt; me\n&amp; &lt;you&gt;\n"
    )


def test_no_speech_is_an_empty_srt_and_a_bare_vtt() -> None:
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n\n"


def test_words_as_tokens_have_spaces_where_their_language_has() -> None:
    words = [Word("こん", 0.0, 1.0, 0.9), Word("にちは", 1.0, 2.0, 0.9)]
    assert "".join(token.text for token in word_tokens(words, "ja")) == "こんにちは"
    assert [token.text for token in word_tokens([Word("rain", 0.0, 1.0, 0.5)], "en")] == [" rain"]
