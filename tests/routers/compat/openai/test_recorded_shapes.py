"""The recorded shapes themselves: what counts as a difference, and that the official client types the same fields."""

from __future__ import annotations

import re
from functools import reduce
from importlib import import_module
from typing import Any

import pytest
from pydantic import BaseModel

from tests.routers.compat.openai import recorded_shapes
from tests.routers.compat.openai.recorded_shapes import (
    KINDS,
    RECORDED,
    SHAPES,
    alternatives,
    bare,
    differences,
    of_events,
    out_of_order,
)

TYPED = [name for name, shape in SHAPES.items() if "$client" in shape]


@pytest.fixture
def voices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two shapes instead of the recorded ones."""
    shapes = {
        "Voice": {"type": "=voice", "id": "=v_*", "age?": "int|null", "+mood": "str", "tags": "[@Tag]"},
        "Tag": {"type": "=tag", "score": "number", "sure": "true"},
    }
    monkeypatch.setattr(recorded_shapes, "SHAPES", shapes)


def voice(**changes: Any) -> dict[str, Any]:
    tag = {"type": "tag", "score": 1, "sure": True}
    whole: dict[str, Any] = {"type": "voice", "id": "v_1", "mood": "calm", "tags": [tag], **changes}
    return {name: value for name, value in whole.items() if value != "gone"}


@pytest.mark.parametrize("changes", [{}, {"age": 7}, {"age": None}, {"tags": []}])
def test_what_is_as_recorded(voices: None, changes: dict[str, Any]) -> None:
    assert differences(voice(**changes), "@Voice") == []
    assert differences(voice(**changes), "null|@Tag|@Voice") == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"id": "gone"}, "$.id: missing"),
        ({"mood": "gone"}, "$.mood: missing"),
        ({"id": "x"}, '$.id: "x" is not v_*'),
        ({"age": 7.5}, "$.age: 7.5 is not int|null"),
        ({"age": True}, "$.age: true is not int|null"),
        ({"tags": {}}, "$.tags: {} is no list"),
        ({"tags": [7]}, "$.tags[0]: 7 is no object"),
        ({"tags": [{"type": "tag", "score": None, "sure": True}]}, "$.tags[0].score: null is not number"),
        ({"tags": [{"type": "tag", "score": 1, "sure": False}]}, "$.tags[0].sure: false is not true"),
        ({"more": 1}, "$.more: not recorded, neither as the service's nor as ours"),
    ],
)
def test_each_difference_is_told_with_its_path(voices: None, changes: dict[str, Any], told: str) -> None:
    assert differences(voice(**changes), "@Voice") == [told]
    assert differences(voice(**changes), "null|@Tag|@Voice") == [told], "of the alternative that its type names"


def test_an_id_has_fields_of_its_own(voices: None) -> None:
    assert differences(voice(age=7), "@Voice", own={"age": "int"}) == []
    assert differences(voice(), "@Voice", own={"age": "int"}) == ["$.age: missing"]
    told = "$.age: there, but the service does not tell it here"
    assert differences(voice(age=7), "@Voice", own={"age": "absent"}) == [told]
    assert differences(voice(), "@Voice", own={"age": "absent"}) == []


def test_of_events_the_last_is_of_its_own_kind(voices: None) -> None:
    tag = {"type": "tag", "score": 1, "sure": True}
    assert of_events([tag, tag, voice()], ["@Tag", "@Voice"], None) == []
    assert of_events([voice()], ["@Tag", "@Voice"], None) == ["$: no event before the last one"]
    assert of_events([tag, tag], ["@Tag", "@Voice"], None)


def test_an_order_is_that_of_the_first_of_each_type() -> None:
    assert out_of_order(["a", "b", "x", "a", "c"], ["a", "b", "c"]) == []
    assert out_of_order(["b", "a"], ["a", "b"]) == ["$: they came as ['b', 'a'], not as ['a', 'b']"]
    assert out_of_order(["a"], ["a", "b"]) == ["$b: never came"]


def class_of(path: str) -> type[BaseModel]:
    """A class of the official client by its path below `openai.types`."""
    module, _, name = f"openai.types.{path}".rpartition(".")
    found: type[BaseModel] = getattr(import_module(module), name)
    return found


@pytest.mark.parametrize("name", TYPED)
def test_fields_are_those_of_the_official_client(name: str) -> None:
    """The client may type a field as optional that the service always tells, and not the other way round.

    `task` of a transcript is of the API's documentation alone: the client has not typed it.
    """
    shape = SHAPES[name]
    classes = [class_of(shape[each]) for each in ("$client", "$also") if each in shape]
    typed = reduce(lambda one, other: other | one, (each.model_fields for each in classes))
    told = {bare(each) for each in shape if not each.startswith(("$", "+"))}
    assert told - {"task"} <= typed.keys()
    assert classes[0].model_fields.keys() <= told
    always = {each for each, field in classes[0].model_fields.items() if field.is_required()}
    assert not {each for each in always if f"{each}?" in shape}


@pytest.mark.parametrize("name", TYPED)
def test_fixed_values_are_those_of_the_official_client(name: str) -> None:
    fields = class_of(SHAPES[name]["$client"]).model_fields
    for field in ("type", "object"):
        expected = SHAPES[name].get(field, "")
        if expected.startswith("=") and "Literal" in str(fields[field].annotation):
            typed = re.findall(r"'([^']+)'", str(fields[field].annotation))
            assert {each[1:] for each in alternatives(expected)} == set(typed), field


def expectations(value: Any) -> list[str]:
    """Every word of the notation that an object holds."""
    if isinstance(value, str):
        return [inner for each in alternatives(value) for inner in alternatives(each.strip("[]"))]
    if isinstance(value, list):
        return [word for each in value for word in expectations(each)]
    return [word for each in value.values() for word in expectations(each)]


def test_every_word_of_the_record_is_known() -> None:
    shapes = [{name: each for name, each in shape.items() if not name.startswith("$")} for shape in SHAPES.values()]
    told = [
        each.get(part, {})
        for each in (*RECORDED["answers"].values(), *RECORDED["sockets"].values())
        for part in ("body", "events", "models")
    ]
    words = expectations(shapes) + expectations(told)
    assert not [each for each in words if each not in KINDS and not each.startswith(("=", "@")) and each != "absent"]
    used = {each[1:] for each in words if each.startswith("@")}
    assert used == SHAPES.keys(), "each name has its shape, and each shape is used"
