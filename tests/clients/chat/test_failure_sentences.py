"""Failures of the server are told in the language of the person, and not in its own."""

from __future__ import annotations

import json
from string import Formatter

import pytest

from clients.chat.failure_sentences import FOLDER, OWN, failure_sentence, nothing_to_speak, sentence, span
from clients.chat.failures import ServerFailed
from clients.chat.texts import LANGUAGES

ENGLISH: dict[str, str] = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))
DETAIL = "The file is text, not a recording."


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_sentence_with_its_values(language: str) -> None:
    own = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    assert {key: values(text) for key, text in own.items()} == {key: values(text) for key, text in ENGLISH.items()}
    assert all(text.strip() for text in own.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", OWN)
def test_what_people_do_wrong_most_often_is_told_without_the_servers_english(language: str, code: str) -> None:
    told = failure_sentence(language, ServerFailed("refused", DETAIL, code=code))
    assert told == sentence(language, f"failed_{code}") and DETAIL not in told


@pytest.mark.parametrize("cause", ["away", "unsure", "slow", "busy", "quota", "key", "failed"])
def test_only_who_runs_the_bot_hears_the_server_itself(cause: str) -> None:
    failure = ServerFailed(cause, DETAIL)  # type: ignore[arg-type]
    assert DETAIL not in failure_sentence("de", failure)
    told = failure_sentence("de", failure, details=True)
    assert told.endswith(f"\nDer Server sagt: {DETAIL}")


def test_what_has_no_sentence_of_its_own_is_told_in_the_servers_words_once() -> None:
    failure = ServerFailed("refused", "There is no voice nosuch.", code="unknown_voice")
    assert failure_sentence("en", failure, details=True) == "The speech server refuses this: There is no voice nosuch."


def test_a_limit_of_requests_is_not_told_as_a_full_server() -> None:
    limited = ServerFailed("busy", "Two requests a minute.", code="too_many_requests", wait=55.0)
    assert failure_sentence("en", limited) == "That was too much at a time. Send it again in 55 s."
    full = ServerFailed("busy", "All places are taken.", code="busy", wait=2.0)
    assert failure_sentence("en", full) == "The speech server has no room at the moment. Send it again in 2 s."
    assert failure_sentence("en", ServerFailed("quota", wait=39_446.0)).endswith("There is more in 11 h.")


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "1 s"), (119.0, "119 s"), (120.0, "2 min"), (121.0, "3 min"), (7200.0, "2 h")]
)
def test_a_time_to_wait_has_the_unit_that_a_person_would_use(seconds: float, told: str) -> None:
    assert span("en", seconds) == told


def test_a_text_without_words() -> None:
    assert nothing_to_speak("de") == "In diesem Text ist nichts, was man sprechen kann."
