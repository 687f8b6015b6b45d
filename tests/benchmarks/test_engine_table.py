"""The table of all engines: what an engine says of itself, and what was measured of it."""

from __future__ import annotations

import pytest

from benchmarks.engine_measures import Measured
from benchmarks.engine_table import BEGIN, END, languages, replaced, row
from stts.engine_api import Abilities, EngineInfo

HEARD = Measured(errors=0.01, reading_errors=0.2, first_s=0.1234, work=0.0517, memory=91.2e6)


def ear(**changes: object) -> EngineInfo:
    fields = {"name": "vosk", "kind": "stt", "description": "x", "languages": ("en-US", "en"), "licence": "MIT"}
    return EngineInfo(**{**fields, **changes})  # type: ignore[arg-type]


def cells(info: EngineInfo, measured: Measured | None) -> list[str]:
    return [each.strip() for each in row(info, measured).strip("| ").split("|")]


def test_a_row_holds_what_was_measured() -> None:
    assert cells(ear(abilities=Abilities(live=True)), HEARD) == [
        "`vosk`",
        "listens, live",
        "`requirements/vosk.txt`",
        "1.0%; 20.0%",
        "123 ms",
        "0.052",
        "91 MB",
        "en",
        "MIT",
        "nowhere",
    ]


@pytest.mark.parametrize(
    ("name", "file"), [("chatterbox_turbo", "chatterbox.txt"), ("hibari", "base.txt"), ("faster_whisper", "base.txt")]
)
def test_the_list_that_installs_it_is_named(name: str, file: str) -> None:
    assert cells(ear(name=name), None)[2] == f"`requirements/{file}`"


def test_what_was_not_measured_is_told_apart_from_what_a_network_decides() -> None:
    assert cells(ear(), None)[3:7] == ["not measured"] * 4
    assert cells(ear(network=True), None)[4] == "a network away"
    assert cells(ear(network=True), None)[-1] == "to its address"
    assert cells(ear(network=True, maker="Google"), None)[-1] == "to Google"


def test_many_languages_are_counted() -> None:
    assert languages(ear(languages=("de", "en-GB", "en-US"))) == "de, en"
    assert languages(ear(languages=tuple(f"{letter}a" for letter in "abcdefgh"))) == "8"
    assert languages(ear(languages=())) == "by its model"


def test_only_the_table_of_a_page_is_replaced() -> None:
    assert replaced(f"a\n{BEGIN}\nold\n{END}\nb\n", "new\n") == f"a\n{BEGIN}\nnew\n{END}\nb\n"
    with pytest.raises(ValueError, match="engines: begin"):
        replaced("no table", "new\n")
