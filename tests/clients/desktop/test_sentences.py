"""The client's sentences: whole in each language, made in one place, said in another, readable from right to left."""

from __future__ import annotations

import json
import re
from string import Formatter

import pytest

from clients.chat.texts import LANGUAGES
from clients.desktop.model.settings import read
from clients.desktop.sentences import FOLDER, OWN_NAMES, Explained, Sentence, WindowSentences, chosen_language

ENGLISH: dict[str, str] = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))


def values(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_sentence_with_its_values(language: str) -> None:
    own = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    assert {key: values(sentence) for key, sentence in own.items()} == {
        key: values(sentence) for key, sentence in ENGLISH.items()
    }
    assert all(sentence.strip() for sentence in own.values())


def test_all_that_is_said_is_there_and_all_that_is_there_is_said() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in FOLDER.parent.rglob("*.py"))
    said = set(re.findall(r'(?:tell|Sentence|_words)\(\s*"(\w+)"', code))
    assert said <= ENGLISH.keys()
    made_of_parts = {name for name in ENGLISH if name.startswith(("theme_", "speaking"))}
    named = set(re.findall(r"""["'](\w+)["']""", code)) | made_of_parts
    assert ENGLISH.keys() <= named


def test_a_sentence_is_english_until_it_is_said_in_a_language() -> None:
    failed = Explained(Sentence("device_gone", device="Cable"))
    assert str(failed) == failed.sentence == "“Cable” has gone while it was used."
    assert WindowSentences("de").said(failed.sentence) == "„Cable“ ist verschwunden, während es benutzt wurde."
    assert WindowSentences("de").said("What a server says.") == "What a server says."


def test_a_sentence_inside_another_is_said_in_the_same_language() -> None:
    inner = Sentence("nothing_listens", url="http://a")
    told = WindowSentences("de").said(Sentence("again_of", reason=inner, seconds="4", attempt=2, of=5))
    assert told == "Unter http://a nimmt niemand an. Ist der Server gestartet? Wieder gefragt in 4 s (2 von 5)."


def test_values_keep_their_direction_in_persian() -> None:
    assert WindowSentences("fa")("device_is_back", device="Cable") == "«\u2068Cable\u2069» برگشت."
    assert WindowSentences("fa").kept_apart("Heart (en)") == "\u2068Heart (en)\u2069"
    assert WindowSentences("de").kept_apart("Heart (en)") == "Heart (en)"


def test_the_language_is_chosen_or_that_of_the_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "")
    monkeypatch.setenv("LC_MESSAGES", "")
    for system, wanted, found in (
        ("de_AT.UTF-8", "", "de"),
        ("de_AT.UTF-8", "fa", "fa"),
        ("fa_IR", "", "fa"),
        ("C.UTF-8", "", "en"),
    ):
        monkeypatch.setenv("LANG", system)
        assert chosen_language(wanted) == found
    assert list(OWN_NAMES) == list(LANGUAGES)
    assert (read({"window_language": "fa"}).window_language, read({"window_language": "xx"}).window_language) == (
        "fa",
        "",
    )
