"""Whole words and phrases become what is said for them, in every script; nothing else is touched."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.pronunciation.dictionary import MOST_KEPT, Dictionary, dictionary_of, layer_of
from stts.pronunciation.entries import MOST_ENTRIES, read_entries
from stts.text.growing import GrowingCutter, Unit
from stts.text.sentences import TextCutter


def made(*layers: Mapping[str, str]) -> Dictionary:
    dictionary = dictionary_of(map(layer_of, layers))
    assert dictionary is not None
    return dictionary


@pytest.mark.parametrize(
    ("entries", "text", "spoken"),
    [
        # Letter case: as in a search.
        ({"STTS": "S T T S"}, "STTS, stts, Stts", "S T T S, stts, Stts"),
        ({"nguyen": "win"}, "Nguyen NGUYEN nguyen", "win win win"),
        ({"us": "us", "US": "you ess"}, "US us Us", "you ess us us"),
        # Whole words.
        ({"STTS": "X"}, "STTSX MySTTS STTS2 my_STTS", "STTSX MySTTS STTS2 my_STTS"),
        ({"STTS": "X"}, "(STTS) “STTS”. STTS-Server, STTS/TTS", "(X) “X”. X-Server, X/TTS"),
        ({"mail": "post"}, "e-mail mailing", "e-post mailing"),
        ({"e-mail": "E mail"}, "An E-Mail, e-mails, email", "An E mail, e-mails, email"),
        # Apostrophes.
        ({"STTS": "X"}, "STTS's STTS’s 'STTS'", "X's X’s 'X'"),
        ({"can": "X", "don": "Y", "o": "Z"}, "can't Don’t O'Brien o can", "can't Don’t O'Brien Z X"),
        ({"don't": "dohnt"}, "Don't don’t", "dohnt dohnt"),
        ({"Ankara": "X", "hôtel": "otel"}, "Ankara'da l'hôtel", "X'da l'otel"),
        # Overlaps: the first, and of those the longest.
        ({"New York": "NY", "York": "Jork", "New": "Nju"}, "New York, York New", "NY, Jork Nju"),
        ({"New York": "NY", "York City": "YC"}, "New York City", "NY City"),
        ({"new york": "ny"}, "New  York\nNEW\nYORK New Yorker NewYork", "ny\nny New Yorker NewYork"),
        # What comes out is not read again.
        ({"a": "b", "b": "a"}, "a b", "b a"),
        # Signs.
        ({"C++": "see plus plus", "C#": "see sharp", "C": "see"}, "C++, C# C", "see plus plus, see sharp see"),
        ({".NET": "dot net"}, "ASP.NET and .NET", "ASP dot net and dot net"),
        ({"♥": "love"}, "I♥you ♥♥", "I love you love love"),
        ({"Dr.": "Doctor"}, "Dr. No, Dr.No, Dr No", "Doctor No, Doctor No, Dr No"),
        # Umlauts and other letters.
        ({"straße": "Schtrasse"}, "Straße STRAßE Straßen", "Schtrasse Schtrasse Straßen"),
        ({"müller": "Miller"}, "MÜLLER Müllers", "Miller Müllers"),
        ({"Łódź": "Wootsh"}, "Łódź Łódźa", "Wootsh Łódźa"),
        ({"москва": "Масква"}, "Москва Москвы", "Масква Москвы"),
        # Persian, with joiners and marks; Hindi, whose vowels are marks.
        ({"می": "X"}, "می‌خواهم می، مِی", "می‌خواهم X، مِی"),
        ({"کتاب‌خانه": "کتابخانه"}, "کتاب‌خانه‌ها کتاب‌خانه", "کتاب‌خانه‌ها کتابخانه"),
        ({"हि": "X"}, "हिन्दी हि", "हिन्दी X"),
        # Scripts without spaces.
        ({"東京": "とうきょう", "京都": "きょうと"}, "東京都は東京、京都", "とうきょう都はとうきょう、きょうと"),
        ({"STTS": "エス"}, "これはSTTSです", "これはエスです"),
        ({"กรุงเทพ": "X"}, "ในกรุงเทพมี", "ในXมี"),
        # Tags stay, and prose in angle brackets is none.
        ({"laugh": "X"}, "[laugh] laugh <laugh x='laugh'> [a](/laugh/) [[laugh]]", None),
        ({"b": "X"}, "a < b and b > c", "a < X and X > c"),
        ({"[laugh]": "haha"}, "Well [laugh] laugh", "Well haha laugh"),
        ({"x": "y"}, "", ""),
    ],
)
def test_words_are_spoken_as_they_are_written_down(entries: dict[str, str], text: str, spoken: str | None) -> None:
    if spoken is None:
        spoken = "[laugh] X <laugh x='laugh'> [a](/laugh/) [[laugh]]"
    assert made(read_entries(entries)).respell(text) == spoken


def test_a_text_without_its_words_is_the_very_same() -> None:
    text = "Nothing of it is here."
    assert made({"STTS": "X"}).respell(text) is text


def test_earlier_layers_go_before_later_ones() -> None:
    assert made({"STTS": "one"}, {"STTS": "two", "TTS": "three"}).respell("STTS TTS") == "one three"
    assert made({"stts": "any"}, {"STTS": "exact"}).respell("STTS stts") == "any any"
    assert made({"TTS": "short"}, {"TTS engine": "long"}).respell("TTS engine") == "long"


def test_equal_content_is_one_dictionary_and_any_change_another() -> None:
    one = made({"a": "b", "c": "d"})
    assert one is made({"c": "d", "a": "b"}) and one.digest == Dictionary([layer_of({"a": "b", "c": "d"})]).digest
    others = [{"a": "b"}, {"a": "b", "c": "e"}, {"a": "b", "C": "d"}, {"a": "b", "c": "d", "e": "f"}]
    assert len({one.digest, *(made(each).digest for each in others)}) == 5
    assert dictionary_of([]) is dictionary_of([layer_of({})]) is None
    for number in range(2 * MOST_KEPT):
        made({"a": str(number)})
    again = made({"a": "b", "c": "d"})
    assert again == one and hash(again) == hash(one) and again is not one


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), max_size=5),
    st.text(alphabet=st.sampled_from("ab 'C.\u200cé東🙂<[]>ह\u0301\n"), max_size=60),
)
def test_no_entry_and_no_text_breaks_it(entries: dict[str, str], text: str) -> None:
    try:
        read = read_entries(entries)
    except ValueError:
        return
    dictionary = dictionary_of([layer_of(read)])
    if dictionary is not None:
        dictionary.respell(text)
        dictionary.parts_phrase(text, len(text) // 2)


WORDS = [f"{a}{b}{c}".lower() for a in string.ascii_lowercase[:10] for b in "aeiou" for c in string.ascii_lowercase]


def seconds(kind: str, most: int, characters: int) -> float:
    """Processor time of a text of a kind with a dictionary of `most` entries; the least of five."""
    chance = random.Random(1)
    if kind == "han":
        chars = [chr(0x4E00 + number) for number in range(most)]
        entries = {one + chance.choice(chars): "x" for one in chars}
        text = "".join(chance.choices(chars, k=characters))
    else:
        entries = {word: word.upper() for word in WORDS[:most]} | {"a" * 99 + "b": "x"}
        del entries[WORDS[0]]
        own = WORDS[:most] if kind == "hits" else WORDS[MOST_ENTRIES:]
        whole = {"letters": "a" * characters, "tags": "[<a" * (characters // 3)}
        text = whole.get(kind) or " ".join(chance.choices(own, k=characters // 4))
    dictionary, spent = Dictionary([layer_of(entries)]), []
    for _ in range(5):
        started = time.thread_time()
        dictionary.respell(text)
        spent.append(time.thread_time() - started)
    return min(spent)


@pytest.mark.parametrize("kind", ["words", "hits", "letters", "tags", "han"])
def test_its_time_grows_with_the_text_alone(kind: str) -> None:
    """As ratios, which a slow machine does not change: a search of all entries, or of all pairs, would be 20 to 400."""
    few, many, long = seconds(kind, 50, 5000), seconds(kind, MOST_ENTRIES, 5000), seconds(kind, 50, 100_000)
    assert many < 10 * few
    assert long < 80 * few


TALE = "We all went to New York in May, and it rained a lot there."


def test_a_phrase_is_not_parted_where_a_cut_can_be_made_elsewhere() -> None:
    cutter = TextCutter(TALE, "en", made({"New York": "NY"}))
    assert cutter.next_piece(len("We all went to New ")) == "We all went to"
    assert cutter.next_piece(len("New York in Ma")) == "New York in"
    plain = TextCutter(TALE, "en")
    assert plain.next_piece(len("We all went to New ")) == "We all went to New"
    forced = TextCutter("New York", "en", made({"New York": "NY"}))
    assert forced.next_piece(5) == "New", "longer than may be"


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_neither_a_word_nor_a_phrase_is_missed_in_a_text_that_is_being_written(step: int) -> None:
    dictionary = made({"New York": "NY", "STTS": "S T T S", "St. Paul": "Saint Paul"})
    text = "Here is STTS in New York, for St. Paul. Then we all came to New York again with STTS."
    cutter = GrowingCutter("en", dictionary)
    pieces: list[str] = []
    for start in range(0, len(text) + step, step):
        if start < len(text):
            cutter.add(text[start : start + step])
        else:
            cutter.close()
        while cutter.ready(Unit.WORDS):
            piece = cutter.next_piece(300)
            assert piece is not None
            pieces.append(piece)
    assert " ".join(pieces) == text and len(pieces) > 2
    assert " ".join(map(dictionary.respell, pieces)) == dictionary.respell(text)
