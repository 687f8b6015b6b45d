from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adapters.configuration.document import parse_document
from adapters.configuration.editing import edited
from stts.errors import Conflict


def edit(text: str, values: dict[str, dict[str, Any]]) -> str:
    return edited(parse_document(text, "config.yaml"), values, "config.yaml").text


@pytest.mark.parametrize(
    ("before", "values", "after"),
    [
        ("a:\n  b: 1  # one\n  # next\n  c: 2\n", {"a": {"b": 5}}, "a:\n  b: 5  # one\n  # next\n  c: 2\n"),
        ("a:\n    b: 1\n# end", {"a": {"c": 2}}, "a:\n    b: 1\n    c: 2\n# end"),
        ("a:\n  b: 1", {"a": {"b": "no"}}, "a:\n  b: 'no'"),
        ("a:\r\n  b: 1\r\n", {"a": {"b": 2}}, "a:\r\n  b: 2\r\n"),
        ("a:  # empty\n  # b: 1\nc: {}\n", {"a": {"b": 2}}, "a:  # empty\n  b: 2\n  # b: 1\nc: {}\n"),
        ("a:\n  b:\n", {"a": {"b": 2}}, "a:\n  b: 2\n"),
        ("", {"a": {"b": 2}}, "a:\n  b: 2\n"),
        ("# only this\n", {"a": {"b": 2}}, "# only this\na:\n  b: 2\n"),
        ("a:\n  b: 1\n\n# more\n", {"c": {"d": 2}}, "a:\n  b: 1\nc:\n  d: 2\n\n# more\n"),
        ("a: {b: 1, c: 2}  # one\n", {"a": {"c": 3, "d": 4}}, "a: {b: 1, c: 3, d: 4}  # one\n"),
        ("a: {}\n", {"a": {"b": 1}}, "a: {b: 1}\n"),
        ("{a: {b: 1}}\n", {"c": {"d": 1}}, "{a: {b: 1}, c: {d: 1}}\n"),
        (
            "a:\n  b:  # of b\n    - x\n    - y\n  # of c\n  c: 1\n",
            {"a": {"b": ["z"]}},
            "a:\n  b: [z]  # of b\n  # of c\n  c: 1\n",
        ),
        ("a:\n  b:\n  - x\n  c: 1\n", {"a": {"b": []}}, "a:\n  b: []\n  c: 1\n"),
        ("a:\n  b: |\n    text\n  # of c\n  c: 1\n", {"a": {"b": "x"}}, "a:\n  b: x\n  # of c\n  c: 1\n"),
        ("'a':\n  \"b\": 1\n", {"a": {"b": 2}}, "'a':\n  \"b\": 2\n"),
    ],
)
def test_only_what_changes_is_rewritten(before: str, values: dict[str, dict[str, Any]], after: str) -> None:
    assert edit(before, values) == after


@pytest.mark.parametrize(
    ("before", "mapping", "after"),
    [
        (
            "a:\n  m:\n    # of x\n    x: 1\n    # of y\n    y: 2\n",
            {"y": 3},
            "a:\n  m:\n    # of x\n    # of y\n    y: 3\n",
        ),
        ("a:\n  m:\n    x: 1\n", {"x": 1, "y": {"z": 2}}, "a:\n  m:\n    x: 1\n    y:\n      z: 2\n"),
        ("a:\n  m:\n    x: 1\n  n: 2\n", {}, "a:\n  m: {}\n  n: 2\n"),
        ("a:\n  m: {x: 1, y: 2}\n", {"y": 2}, "a:\n  m: {y: 2}\n"),
    ],
)
def test_entries_of_mappings_come_and_go_one_by_one(before: str, mapping: dict[str, Any], after: str) -> None:
    assert edit(before, {"a": {"m": mapping}}) == after


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  b: &x 1\n  c: *x\n",
        "d: {e: &d 1}\na:\n  b: *d\n",
        "a:\n  ? b\n  : 1\n",
    ],
)
def test_what_cannot_be_changed_safely_is_left_alone(text: str) -> None:
    with pytest.raises(Conflict, match="by hand"):
        edit(text, {"a": {"b": 5}, "new": {"key": 1}})


TEXTS = st.text(max_size=10) | st.sampled_from(
    ["no", "1", "1e3", "null", "~", "a: b", "# c", "- d", "...", "---", "12:30:00"]
)
VALUES = st.one_of(
    TEXTS.filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text)),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.lists(TEXTS, max_size=3),
    st.dictionaries(TEXTS.filter(bool), TEXTS | st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=2), max_size=3),
)
SECTIONS = st.dictionaries(
    st.sampled_from(["limits", "tts", "stt"]), st.dictionaries(st.sampled_from("bcd"), VALUES, min_size=1), min_size=1
)


@given(SECTIONS, SECTIONS, st.booleans())
def test_every_value_is_read_back_as_it_was_written(before: dict[str, Any], after: dict[str, Any], flow: bool) -> None:
    text = "# top\n" + yaml.safe_dump(before, default_flow_style=flow)
    document = edited(parse_document(text, "config.yaml"), after, "config.yaml")
    expected = {**before, **{section: {**before.get(section, {}), **keys} for section, keys in after.items()}}
    assert yaml.safe_load(document.text) == expected == document.values
    assert document.text.startswith("# top\n")
