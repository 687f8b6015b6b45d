"""Packed tables answer as the dictionaries of the same text."""

from __future__ import annotations

import gzip
import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engines.tts.hibari_tables import PackedTable, read_table, read_tagger


def packed(values: dict[str, Any]) -> PackedTable:
    return PackedTable(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode())


@cache
def assets() -> Path:
    spec = importlib.util.find_spec("hibari")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "assets"


def published(name: str) -> Any:
    return json.loads(gzip.decompress((assets() / name).read_bytes()))


def test_answers_as_a_dictionary_does() -> None:
    values = {
        "one": "wˈʌn",
        "'cause": "kˈʌz",
        'say "it"': "quoted",
        "back\\slash": "x",
        "naïve": "y",
        "": "empty",
        "read": {"DEFAULT": "ɹˈid", "VBD": "ɹˈɛd", "NONE": None},
        "weights": {"NN": -1.5, "VB": 2.0},
    }
    table = packed(values)
    assert len(table) == len(values)
    for key, value in values.items():
        assert table.get(key) == value and key in table
    for key in ("One", "on", "one ", "two", 'say "it', '":', "\ud800", "DEFAULT", "wˈʌn"):
        assert table.get(key) is None and key not in table


def test_an_empty_object_has_nothing() -> None:
    table = packed({})
    assert len(table) == 0 and table.get("a") is None


@pytest.mark.parametrize("name", ["lexicon_us_gold", "lexicon_us_silver", "lexicon_gb_gold", "lexicon_gb_silver"])
def test_every_word_of_a_lexicon(name: str) -> None:
    words = published(f"{name}.json.gz")
    table = read_table(assets() / f"{name}.json.gz")
    assert len(table) == len(words) > 80_000
    assert [word for word, sound in words.items() if table.get(word) != sound] == []


def test_every_weight_of_the_tagger() -> None:
    model = published("tagger.json.gz")
    tagger = read_tagger(assets() / "tagger.json.gz")
    assert {key: tagger[key] for key in ("tags", "tagdict", "vocab")} == {
        key: model[key] for key in ("tags", "tagdict", "vocab")
    }
    weights = tagger["weights"]
    assert len(weights) == len(model["weights"])
    assert [feature for feature, tags in model["weights"].items() if weights.get(feature) != tags] == []


def test_a_tagger_without_weights_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tagger.json.gz"
    file.write_bytes(gzip.compress(b'{"tags":[]}'))
    with pytest.raises(ValueError, match="has no weights"):
        read_tagger(file)
