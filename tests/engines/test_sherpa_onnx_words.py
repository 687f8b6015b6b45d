"""Words with times from the tokens of models with and without spaces."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from engines.stt.sherpa_onnx_words import Heard


def heard(text: str, tokens: list[str]) -> list[tuple[str, float, float]]:
    times = [0.1 * number for number in range(len(tokens))]
    words = Heard(text, tokens, times).words(2.0)
    return [(word.text, round(word.start, 2), round(word.end, 2)) for word in words]


@pytest.mark.parametrize(
    ("text", "tokens", "words"),
    [
        ("he llo", [" he", " l", "lo"], [("he", 0.0, 0.1), ("llo", 0.1, 0.4)]),
        ("hello world", ["▁he", "llo", "▁", "world"], [("hello", 0.0, 0.3), ("world", 0.3, 0.5)]),
        ("hello world", ["hel@@", "lo", "world"], [("hello", 0.0, 0.2), ("world", 0.2, 0.4)]),
        ("你好 hi", ["你", "好", " hi"], [("你", 0.0, 0.1), ("好", 0.1, 0.2), ("hi", 0.2, 0.4)]),
        ("ok好", ["ok", "好"], [("ok", 0.0, 0.1), ("好", 0.1, 0.3)]),
        ("it's 5", ["▁it", "'", "s", "▁five"], []),
        ("ä", ["<0xC3>", "<0xA4>"], []),
        ("more than tokens", ["▁more"], []),
        ("", [], []),
    ],
)
def test_words_of_tokens(text: str, tokens: list[str], words: list[tuple[str, float, float]]) -> None:
    assert heard(text, tokens) == words


def test_times_stay_inside_the_audio() -> None:
    (word,) = Heard("late", ["late"], [1.95]).words(2.0)
    assert (word.start, word.end) == (1.95, 2.0)
    (beyond,) = Heard("later", ["later"], [2.3]).words(2.0)
    assert (beyond.start, beyond.end) == (2.0, 2.0)


def test_a_result_is_read() -> None:
    result = SimpleNamespace(text=" HI ", tokens=["▁H", "I"], timestamps=[0.1], ys_log_probs=[-0.1, -0.3])
    read = Heard.read(result, capitals=True)
    assert (read.text, read.tokens, read.times, read.scores) == ("hi", ["▁h", "i"], (), [-0.1, -0.3])
    assert read.score == pytest.approx(-0.2)
    assert read.words(1.0) == ()
    assert Heard.read(result, capitals=False).text == "HI"
    assert Heard("").score is None
