"""Parameters of an engine, out of its schema."""

from __future__ import annotations

from clients.desktop.model.parameters import Parameter, parameters, wishes
from engines.tts.espeak import EspeakParameters

SCHEMA = {
    "properties": {
        "warmth": {
            "type": "number",
            "default": 0.5,
            "minimum": 0,
            "maximum": 1,
            "title": "Warmth",
            "description": "More.",
        },
        "style": {"enum": ["calm", "lively"], "default": "calm", "title": "Style"},
        "note": {"type": "string", "default": ""},
        "limit": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
        "odd": {"type": "array", "default": []},
        "whole": {"type": "boolean", "default": True},
    }
}


def test_each_field_has_its_kind() -> None:
    found = {each.name: each for each in parameters(SCHEMA)}
    assert found["warmth"] == Parameter("warmth", "Warmth", "number", 0.5, "More.", 0, 1)
    assert found["style"].choices == ("calm", "lively")
    assert {name: each.kind for name, each in found.items()} == {
        "warmth": "number",
        "style": "choice",
        "note": "text",
        "whole": "boolean",
    }
    assert parameters({}) == parameters({"properties": 3}) == ()


def test_fields_of_a_real_engine_are_all_there() -> None:
    found = parameters(EspeakParameters.model_json_schema())
    assert {each.name for each in found} == set(EspeakParameters.model_fields)


def test_only_what_differs_and_fits_is_asked_for() -> None:
    known = parameters(SCHEMA)
    chosen = {"warmth": 0.9, "style": "wild", "whole": True, "note": "x", "gone": 1}
    assert wishes(chosen, known) == {"warmth": 0.9, "note": "x"}
    assert wishes({"warmth": 2.0, "whole": "yes"}, known) == {}
