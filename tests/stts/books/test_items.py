"""Items are whole sentences of one paragraph, and stay the same where a book is edited elsewhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stts.books.book import Book, BookInfo, Chapter, Paragraph
from stts.books.items import AFTER_CHAPTER, AFTER_HEADING, AFTER_PARAGRAPH, WITHIN_PARAGRAPH, items

SENTENCE = "The quick brown fox number {} jumps over the lazy dog. "


def book(*chapters: list[Paragraph]) -> Book:
    return Book(BookInfo("A", language="en"), tuple(Chapter(f"{n}", tuple(each)) for n, each in enumerate(chapters)))


def long_paragraph(first: int) -> Paragraph:
    return Paragraph("".join(SENTENCE.format(first + number) for number in range(20)).strip())


def test_items_end_with_sentences_and_tell_the_silence_behind_them() -> None:
    found = list(
        items(book([Paragraph("One", is_heading=True), long_paragraph(0)], [Paragraph("Short.")]), longest=300)
    )
    assert [each.chapter for each in found] == [0] * (len(found) - 1) + [1]
    assert all(len(each.text) <= 300 and each.text.endswith(".") for each in found[1:])
    assert " ".join(each.text for each in found[1:-1]) == long_paragraph(0).text
    assert [found[0].pause, found[1].pause, found[-2].pause] == [AFTER_HEADING, WITHIN_PARAGRAPH, AFTER_CHAPTER]


def test_an_edited_paragraph_changes_its_own_items_only() -> None:
    paragraphs = [long_paragraph(100 * number) for number in range(5)]
    before = [each.text for each in items(book(paragraphs), longest=300)]
    paragraphs[2] = Paragraph(f"A new sentence. {paragraphs[2].text}")
    after = [each.text for each in items(book(paragraphs), longest=300)]
    kept = [text for text in before if text in after]
    assert len(before) - len(kept) <= len(before) / 5


def test_paragraphs_without_a_letter_are_not_spoken() -> None:
    found = list(items(book([Paragraph("Words."), Paragraph("* * *"), Paragraph("—")])))
    assert [(each.text, each.pause) for each in found] == [("Words.", AFTER_CHAPTER)]


@given(st.lists(st.text(min_size=1, max_size=200).map(str.strip).filter(bool), min_size=1, max_size=5))
def test_no_character_is_lost(texts: list[str]) -> None:
    found = items(book([Paragraph(text) for text in texts]), longest=20)
    spoken = "".join(text for text in texts if any(map(str.isalnum, text)))
    assert "".join("".join(each.text for each in found).split()) == "".join(spoken.split())


def test_pauses_between_paragraphs() -> None:
    found = list(items(book([Paragraph("One."), Paragraph("Two.")])))
    assert [each.pause for each in found] == [AFTER_PARAGRAPH, AFTER_CHAPTER]
