"""JSON of the server's messages says what Python's own would say."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from routers.http.json_text import json_text

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, VALUES, max_size=5))
@example({"text": "line\nline\r\u2028\x00\x7f", "half": [1e300, -0.0, 1e-7]})
def test_it_reads_as_it_was_and_is_one_line(data: dict[str, object]) -> None:
    text = json_text(data)
    assert json.loads(text) == json.loads(json.dumps(data))
    assert "\n" not in text and "\r" not in text


def test_letters_are_sent_as_they_are_and_half_a_character_escaped() -> None:
    assert json_text({"text": "سلام, Grüße"}) == '{"text":"سلام, Grüße"}'
    assert json_text({"text": "ab\ud83d", "n": 1}) == '{"text":"ab\\ud83d","n":1}'
