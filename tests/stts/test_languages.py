from __future__ import annotations

import pytest

from stts.language_names import CODES, ENGLISH, KOKORO, NAMES
from stts.languages import best_match, english_name, is_known, nearest, primary, read_language, same_language


@pytest.mark.parametrize(
    ("tag", "name"),
    [("en", "english"), ("en-US", "english"), ("de_AT", "german"), ("yue", "cantonese"), ("ht", "haitian creole")],
)
def test_names_are_english_and_lower_case(tag: str, name: str) -> None:
    assert english_name(tag) == name


@pytest.mark.parametrize(
    ("tag", "known"), [("en", True), ("pt-BR", True), ("zh-Hant-TW", True), ("xx-nope", False), ("e", False)]
)
def test_tags_of_languages_that_are_known(tag: str, known: bool) -> None:
    assert is_known(tag) is known


def test_what_the_table_does_not_know() -> None:
    assert english_name("tlh-Latn") == "tlh"
    assert english_name(None) == ""


def test_the_table_is_keyed_by_primary_subtags() -> None:
    assert all(2 <= len(code) <= 3 and code.islower() and name.islower() for code, name in ENGLISH.items())


@pytest.mark.parametrize("value", [None, "", "  ", "auto", "AUTO", " Auto ", "default", "none", "null", "und"])
def test_no_language_is_given(value: object) -> None:
    assert read_language(value) is None
    assert read_language([value]) is None


def test_an_empty_list_names_no_language() -> None:
    assert read_language([]) is None


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"),
        ("EN_us", "en-US"),
        ("en_US", "en-US"),
        ("En-Us", "en-US"),
        (" de ", "de"),
        ("eng", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("iw", "he"),
        ("jw", "jv"),
        ("nb", "nb"),
        ("no", "no"),
        ("cmn", "zh"),
        ("zh-hans", "zh-Hans"),
        ("ZH_HANT_tw", "zh-Hant-TW"),
        ("zh-yue", "yue"),
        ("de_DE.UTF-8", "de-DE"),
        ("de_DE@euro", "de-DE"),
        ("es-419", "es-419"),
        ("en-gb-x-rp", "en-GB-x-rp"),
        ("english", "en"),
        ("German", "de"),
        ("deutsch", "de"),
        ("日本語", "ja"),
        ("haitian_creole", "ht"),
        ("Portuguese (Brazil)", "pt-BR"),
        ("Chinese (Simplified)", "zh-Hans"),
        ("American English", "en-US"),
        (["fr"], "fr"),
        (("French",), "fr"),
    ],
)
def test_what_people_and_programs_write_for_a_language(written: object, tag: str) -> None:
    assert read_language(written) == tag


@pytest.mark.parametrize(("letter", "tag"), KOKORO.items())
def test_the_letters_of_kokoro(letter: str, tag: str) -> None:
    assert read_language(letter) == read_language(letter.upper()) == tag


@pytest.mark.parametrize("value", [5, True, {"code": "en"}, ["en", "de"], 1.5])
def test_what_is_no_text_is_left_for_the_schema_to_refuse(value: object) -> None:
    assert read_language(value) == value


def test_what_nobody_knows_is_left_for_the_engine_to_refuse() -> None:
    assert read_language(" klingon ") == "klingon"
    assert read_language("en-US,en;q=0.9") == "en-US,en;q=0.9"


@pytest.mark.parametrize("code", ENGLISH)
def test_every_name_that_a_transcript_tells_is_understood(code: str) -> None:
    told = read_language(english_name(code))
    assert isinstance(told, str)
    assert same_language(told, code)


def test_every_code_and_name_reads_as_itself_when_read_again() -> None:
    for tag in [*NAMES.values(), *CODES.values()]:
        assert read_language(tag) == tag


@pytest.mark.parametrize(
    ("wanted", "offered", "found"),
    [
        ("en-US", ["en-gb", "en-us"], "en-us"),
        ("en_US", ["en-GB", "en-US"], "en-US"),
        ("en-AU", ["en-GB", "en-US"], "en-GB"),
        ("en", ["en-GB", "en-US"], "en-GB"),
        ("en", ["en-US", "en"], "en"),
        ("zh", ["cmn"], "cmn"),
        ("cmn-Hant", ["zh-Hans", "zh-Hant"], "zh-Hant"),
        ("yue", ["zh", "zh-yue"], "zh-yue"),
        ("nb", ["no"], "no"),
        ("no", ["nb"], "nb"),
        ("nn", ["en", "nb"], "nb"),
        ("he", ["iw"], "iw"),
        ("fil", ["tl"], "tl"),
        ("jv", ["jw"], "jw"),
        ("de", ["en"], None),
    ],
)
def test_the_offered_tag_that_fits_best(wanted: str, offered: list[str], found: str | None) -> None:
    assert best_match(wanted, offered) == found


@pytest.mark.parametrize(
    ("tag", "subtag"), [("de-AT", "de"), ("EN_us", "en"), ("iw", "he"), ("eng", "en"), ("tlh", "tlh")]
)
def test_the_primary_subtag_is_written_in_one_way(tag: str, subtag: str) -> None:
    assert primary(tag) == subtag


def test_the_nearest_names() -> None:
    assert nearest("en-uss", ["de", "en-US", "en-GB"])[0] == "en-US"
    assert nearest("ALOY", ["alloy", "nova"]) == ["alloy"]
    assert nearest("\u0000" * 5000, ["alloy"]) == []
