"""The sentences of both bots: whole in each language, all that the code says, and readable from right to left."""

from __future__ import annotations

import json
import re
from string import Formatter
from typing import get_args

import pytest

from clients.chat import failure_sentences
from clients.chat.languages import prefixed
from clients.chat.texts import LANGUAGES, language_of, number
from clients.discord import texts as discord_texts
from clients.discord.commands import COMMANDS
from clients.discord.platform import Attached, Kind, Missing
from clients.telegram import texts
from clients.telegram.bot import MENU
from clients.telegram.messenger import Other

FOLDERS = {"chat": failure_sentences.FOLDER, "discord": discord_texts.FOLDER, "telegram": texts.FOLDER}
DISCORD_CHARACTERS, DISCORD_MENU_CHARACTERS = 1500, 100
"""Discord takes messages of 2,000 characters with their values, and descriptions of 100."""


def sentences(bot: str, language: str = "en") -> dict[str, str]:
    return dict(json.loads((FOLDERS[bot] / f"{language}.json").read_text(encoding="utf-8")))


def code(bot: str) -> str:
    files = sorted(FOLDERS[bot].parent.rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def values(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("bot", FOLDERS)
def test_each_language_has_every_sentence_with_its_values(bot: str, language: str) -> None:
    own, english = sentences(bot, language), sentences(bot)
    assert {key: values(sentence) for key, sentence in own.items()} == {
        key: values(sentence) for key, sentence in english.items()
    }
    assert all(sentence.strip() for sentence in own.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_discord_takes_each(language: str) -> None:
    for key, sentence in sentences("discord", language).items():
        most = DISCORD_MENU_CHARACTERS if key.startswith("menu_") else DISCORD_CHARACTERS
        assert len(sentence) <= most, key


@pytest.mark.parametrize(
    ("bot", "by_name"),
    [
        (
            "discord",
            {
                *(f"menu_{name}" for name in COMMANDS),
                *(f"word_{key}" for kind in (Kind, Attached) for key in get_args(kind)),
                *(f"word_{key}" for key in ("link", "code", "spoiler")),
                *get_args(Missing),
            },
        ),
        (
            "telegram",
            {
                *(f"menu_{name}" for name in MENU),
                *(f"kind_{key}" for key in (*get_args(Other), "tts", "stt")),
                *("admin_loaded", "admin_unloaded"),
            },
        ),
    ],
    ids=("discord", "telegram"),
)
def test_every_sentence_that_the_code_says_is_there_and_no_other(bot: str, by_name: set[str]) -> None:
    text, known = code(bot), sentences(bot)
    said = {key for key in known if f'"{key}"' in text} | by_name | {f"language_{name}" for name in LANGUAGES}
    said |= set(re.findall(r'(?:tell|put)\(\s*"(\w+)"', text))
    assert said == known.keys()


@pytest.mark.parametrize(("language", "told"), [("en", "Speed: 1.25×"), ("de", "Tempo: 1,25×")])
def test_numbers_are_written_as_people_there_do(language: str, told: str) -> None:
    assert texts.sentence(language, "speed", speed=1.25) == told
    assert texts.sentence(language, "speed", speed=2.0) == told.replace("1,25", "2").replace("1.25", "2")
    assert number(12_345_678.0, language) == "12345678"


def test_values_keep_their_direction_in_persian() -> None:
    assert texts.sentence("fa", "voice_chosen", voice="Heart") == "صدا: \u2068Heart\u2069"
    assert texts.sentence("en", "voice_chosen", voice="Heart") == "Voice: Heart"


def test_lines_of_persian_begin_at_the_right_and_commands_stand_as_they_are() -> None:
    first, second, *_ = texts.sentence("fa", "help").split("\n")
    assert not first.startswith("\u200f") and second.startswith("\u200f\u200e/voice ")
    told = texts.sentence("fa", "engines", engines="• hibari (می‌گوید)\n• espeak")
    assert told.split("\n")[:2] == ["\u200f• hibari (می‌گوید)", "\u200f\u2068• espeak\u2069"]


def test_what_turns_letters_ends_with_its_value() -> None:
    assert texts.sentence("en", "voice_chosen", voice="پریسا") == "Voice: \u2068پریسا\u2069"
    assert texts.sentence("en", "voice_chosen", voice="\u202eHeart") == "Voice: \u2068\u202eHeart\u2069"


def test_the_first_language_that_is_there_is_taken() -> None:
    assert language_of(None, "de-AT", "fa") == "de"
    assert language_of("fr", None) == "en"


@pytest.mark.parametrize(
    ("text", "language", "rest"),
    [
        ("fa: سلام دنیا", "fa", "سلام دنیا"),
        ("EN-gb:Hello", "EN-gb", "Hello"),
        ("Re: your letter", None, "Re: your letter"),
        ("Note: well", None, "Note: well"),
        ("de:", None, "de:"),
        ("10:30 is the time", None, "10:30 is the time"),
    ],
)
def test_a_prefix_is_a_language_that_somebody_speaks(text: str, language: str | None, rest: str) -> None:
    assert prefixed(text, {"fa", "en", "de"}) == (language, rest)
