from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.text.markup import MarkupRemover

MARKED = st.text(alphabet="ab2 é文\n\t*_~`#-+•[]()!.,=\\", max_size=60)
PIECES = st.lists(
    st.sampled_from(
        [
            "**bold**",
            "*it*",
            "_so_",
            "`x_y`",
            "```py\n",
            "```",
            "\n",
            "# ",
            "- ",
            "[a](b_(c))",
            "![",
            "](",
            ")",
            " w ",
            "~~",
            "---",
        ]
    )
).map("".join)


def unmarked(*deltas: str) -> str:
    remover = MarkupRemover()
    return "".join([*(remover.feed(delta) for delta in deltas), remover.finish()])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is **fairly** *warm*, ***really***.", "It is fairly warm, really."),
        ("__Yes__ and _no_ and ~~maybe~~.", "Yes and no and maybe."),
        ("**a *b***", "a b"),
        ("**Note:** wait", "Note: wait"),
        ('"**quoted**" (*aside*)', '"quoted" (aside)'),
        ("这是**重点**内容", "这是重点内容"),
        ("Run `ls **kwargs snake_case` now.", "Run ls **kwargs snake_case now."),
        ("```python\na = b * c\n# no heading\n```\nDone.", "\na = b * c\n# no heading\n\nDone."),
        ("# Title\n\n### Part **two**\ntext", "Title\n\nPart two\ntext"),
        ("- one\n* two\n  + **three**\n• four", "one\ntwo\nthree\nfour"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("above\n\n---\n\n* * *\nbelow", "above\n\n\n\n\nbelow"),
        ('See [the *page*](https://x.example/a_(b)?c=d "t").', "See the page."),
        ("![a cat](cat.png) sleeps!", "a cat sleeps!"),
        ("Wow![1](x)", "Wow1"),
    ],
)
def test_marks_are_not_said(text: str, said: str) -> None:
    assert unmarked(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4",
        "2*3*4 = 24, 2**3",
        "snake_case and _ and __",
        "a 5* hotel*",
        "*.txt",
        "x *= 2",
        "#1 of [them] (all)",
        "[1] and [half a](",
        "-5 degrees - or so",
        "~5 minutes",
        "  indented",
        "Fill in ____ please!",
        "a [long" + " long" * 100 + "](x)",
    ],
)
def test_what_is_no_mark_stays(text: str) -> None:
    assert unmarked(text) == text
    assert unmarked(*text) == text


def test_plain_text_waits_for_nothing() -> None:
    remover = MarkupRemover()
    assert [remover.feed(each) for each in ("Good", " morning", ", you.", "\n", "And")] == [
        "Good", " morning", ", you.", "\n", "And"
    ]  # fmt: skip


def test_a_mark_waits_for_what_follows_it() -> None:
    remover = MarkupRemover()
    assert [remover.feed(each) for each in ("so *", "*very", "** [go", "od](x", ") ")] == [
        "so ", "very", " ", "", "good "
    ]  # fmt: skip


@given(st.one_of(MARKED, PIECES), st.data())
def test_it_makes_no_difference_how_the_text_is_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    deltas = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert unmarked(*deltas) == unmarked(*text) == unmarked(text)


@given(st.text(alphabet=st.characters(exclude_characters="*_~`#-+•[!", exclude_categories=["Cs"])))
def test_text_without_marks_passes_as_it_is(text: str) -> None:
    assert MarkupRemover().feed(text).strip() == text.strip()
    assert unmarked(text) == text


@given(MARKED)
def test_nothing_is_added(text: str) -> None:
    left = iter(text)
    assert all(character in left for character in unmarked(text))
