from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.text.agreement import Agreement

TEXTS = st.lists(
    st.one_of(
        st.lists(st.sampled_from(["a", "b", "B,", "see", "see.", "c", "—", "7"]), max_size=8).map(" ".join),
        st.text("今天天气很好、。ー ไม่เป็นไร a", max_size=12),
        st.text(max_size=20),
    ),
    max_size=12,
)


def tell(hypotheses: list[str], agreement: Agreement) -> tuple[str, str]:
    """Joined deltas, and the last tail."""
    told, tail = "", ""
    for hypothesis in hypotheses:
        delta, tail = agreement.hear(hypothesis)
        told += delta
        assert told == agreement.committed
    return told, tail


def test_the_newest_word_is_held_back_and_what_two_agree_on_is_told() -> None:
    agreement = Agreement()
    assert agreement.hear("the cat") == ("", "the cat")
    assert agreement.hear("the cat") == ("the", " cat")
    assert agreement.hear("the cats are") == ("", " cats are")
    assert agreement.hear("the cats are here") == (" cats are", " here")
    assert agreement.commit("the cats are here now") == " here now"
    assert agreement.committed == "the cats are here now"


def test_what_is_settled_stays_and_the_part_goes_on() -> None:
    agreement = Agreement()
    agreement.hear("the cat")
    assert agreement.settle("The cat sat.") == "The cat sat."
    assert agreement.hear("The cat sad on the mat") == ("", " on the mat")
    assert agreement.settle("The cat sat.") == ""
    assert agreement.commit("The cat sat on the mat.") == " on the mat."
    assert agreement.committed == "The cat sat. on the mat."


def test_more_hypotheses_may_have_to_agree() -> None:
    agreement = Agreement(agreeing=3, held=0)
    assert [agreement.hear("one two")[0] for _ in range(3)] == ["", "", "one two"]


def test_case_and_punctuation_do_not_disagree() -> None:
    agreement = Agreement()
    agreement.hear("hello there.")
    assert agreement.hear("Hello, there my") == ("Hello, there", " my")


def test_what_was_told_stays_and_the_final_text_goes_on_from_it() -> None:
    agreement = Agreement()
    agreement.hear("please note in the window")
    told, _ = agreement.hear("please note in the window and")
    assert told == "please note in the window"
    assert agreement.whole("please open the window and turn") == "please note in the window and turn"
    assert agreement.commit("please open the window and turn off the light") == " and turn off the light"
    assert agreement.committed == "please note in the window and turn off the light"


@pytest.mark.parametrize(
    ("text", "contradicts"),
    [
        ("one two three four five six", False),
        ("One, two three! Four", False),
        ("one two tree four five", False),
        ("one too tree four five", True),
        ("one two three", False),
        ("one two", True),
        ("one two one two one two", True),
        ("", True),
    ],
)
def test_a_text_contradicts_what_was_told_of_it(text: str, contradicts: bool) -> None:
    agreement = Agreement()
    told, _ = tell(["one two three four five"] * 2, agreement)
    assert told == "one two three four"
    assert agreement.contradicted(text) is contradicts
    assert told == agreement.committed, "asking changes nothing"


def test_a_text_of_the_beginning_need_not_say_what_comes_later() -> None:
    agreement = Agreement()
    tell(["one two three four five"] * 2, agreement)
    assert not agreement.contradicted("one", all_heard=False) and agreement.contradicted("one")
    assert not agreement.contradicted("", all_heard=False)
    assert agreement.contradicted("you see me", all_heard=False)


def test_one_word_or_none_is_not_contradicted() -> None:
    agreement = Agreement()
    assert not agreement.contradicted("anything at all")
    tell(["one two"] * 2, agreement)
    assert agreement.committed == "one" and not agreement.contradicted("nine two three")


def test_a_text_that_vanishes_leaves_what_was_told() -> None:
    agreement = Agreement()
    tell(["one two three"] * 2, agreement)
    assert agreement.hear("") == ("", "")
    assert agreement.commit("") == ""
    assert agreement.committed == "one two"


def test_nothing_was_said() -> None:
    agreement = Agreement()
    assert agreement.hear("") == ("", "")
    assert agreement.commit("  ") == agreement.committed == ""


def test_languages_without_spaces_are_told_letter_by_letter() -> None:
    agreement = Agreement()
    agreement.hear("今天天气")
    assert agreement.hear("今天天气很好") == ("今天天气", "很好")
    agreement.commit("今天天氣很好。")
    assert agreement.committed == "今天天气很好。"


def test_an_utterance_of_minutes_is_aligned_quickly_where_it_changed_late() -> None:
    agreement = Agreement()
    words = [f"word{index}" for index in range(2000)]
    tell([" ".join(words)] * 2, agreement)
    agreement.commit(" ".join([*words[:-5], "other", *words[-4:], "more"]))
    assert agreement.committed == " ".join([*words, "more"])


def test_what_one_part_was_thought_to_say_takes_no_words_of_the_next() -> None:
    agreement = Agreement()
    tell(["one two three four"] * 2, agreement)
    assert agreement.commit("one") == ""
    told, tail = "", ""
    for hypothesis in ("eight", "eight nine"):
        delta, tail = agreement.hear(hypothesis)
        told += delta
    assert (told, tail) == (" eight", " nine")
    assert agreement.commit("eight nine ten") == " nine ten"
    assert agreement.committed == "one two three eight nine ten"


def test_words_told_of_what_follows_a_cut_are_not_told_again() -> None:
    agreement = Agreement()
    tell(["one two three four five"] * 2, agreement)
    assert agreement.commit("one too", all_heard=False) == ""
    assert agreement.hear("three four five") == ("", " five")
    assert agreement.commit("three four five six") == " five six"
    assert agreement.committed == "one two three four five six"


@given(TEXTS, st.text(max_size=30), st.integers(1, 3), st.integers(0, 2))
def test_joined_deltas_are_the_final_text(hypotheses: list[str], final: str, agreeing: int, held: int) -> None:
    agreement = Agreement(agreeing + 1, held)
    told, _ = tell(hypotheses, agreement)
    expected = agreement.whole(final)
    assert told + agreement.commit(final) == agreement.committed == expected
    assert expected == expected.strip()


@given(st.lists(st.tuples(TEXTS, st.text(max_size=30), st.booleans()), max_size=4))
def test_parts_joined_are_the_whole(parts: list[tuple[list[str], str, bool]]) -> None:
    agreement, told = Agreement(), ""
    for hypotheses, final, all_heard in parts:
        told += "".join(agreement.hear(hypothesis)[0] for hypothesis in hypotheses)
        expected = agreement.whole(final)
        told += agreement.commit(final, all_heard=all_heard)
        assert told == agreement.committed == expected == told.strip()


@given(st.lists(st.lists(st.sampled_from(["one", "two", "three"]), max_size=6), max_size=4))
def test_parts_that_are_told_as_they_are_decided_keep_every_word(parts: list[list[str]]) -> None:
    agreement = Agreement()
    for words in parts:
        for count in range(len(words)):
            agreement.hear(" ".join(words[: count + 1]))
        agreement.commit(" ".join(words))
    assert agreement.committed.split() == [word for words in parts for word in words]


@given(TEXTS)
def test_stable_and_tail_read_as_one_text(hypotheses: list[str]) -> None:
    agreement = Agreement()
    told = ""
    for hypothesis in hypotheses:
        delta, tail = agreement.hear(hypothesis)
        told += delta
        assert told + tail == agreement.whole(hypothesis)


@given(st.lists(st.sampled_from(["one", "two", "three", "four"]), max_size=10))
def test_an_engine_that_never_changes_its_mind_is_quoted(words: list[str]) -> None:
    agreement = Agreement()
    hypotheses = [" ".join(words[: count + 1]) for count in range(len(words))]
    told, tail = tell(hypotheses, agreement)
    assert told + tail == " ".join(words)
    agreement.commit(" ".join(words))
    assert agreement.committed == " ".join(words)


@pytest.mark.parametrize("text", ["hello world", " hello  world ", "hello\nworld"])
def test_white_space_is_one_space(text: str) -> None:
    assert Agreement().commit(text) == "hello world"
