from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.text.markup import MarkupRemover, spoken_text
from stts.text.markup_patterns import UNMARKED

MARKED = st.text(alphabet='abhnt2 é文\n\t*_~`#-+•[]()!.,=\\<>&;|:/"', max_size=60)
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
            "==",
            "https://a.b/c?d",
            "&amp;",
            "<br>",
            "</li>",
            "<b>",
            "| ",
            "|-|-|\n",
            "> ",
            "1. ",
            "*smiles*",
            "\\n",
            "\\*",
            "[^1]",
            "[x] ",
            "[a][b]",
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
        ("# Title\n\n### Part **two**\ntext", "Title.\n\nPart two.\ntext"),
        ("- one\n* two\n  + **three**\n• four", "one.\ntwo.\nthree.\nfour"),
        ("1. one\n2. two", "1. one.\n2. two"),
        ("above\n\n---\n\n* * *\nbelow", "above\n\n\n\n\nbelow"),
        ('See [the *page*](https://x.example/a_(b)?c=d "t").', "See the page."),
        ("![a cat](cat.png) sleeps!", "a cat sleeps!"),
        ("Wow![1](x)", "Wow1"),
        ("It is ==very== good", "It is very good"),
        ("Title\n=====\ntext", "Title\n\ntext"),
        ("# 你好\nWell?", "你好。\nWell?"),
        ("## Ready?\ntext", "Ready?\ntext"),
        ("- [ ] one\n- [x] two", "one.\ntwo"),
        ("> a\n> > **b**", "a\nb"),
        ("| Name | Age |\n|:--|--:|\n| Ann | 5 |\n", "Name, Age.\n\nAnn, 5.\n"),
        ("AT&amp;T &#39;x&#39; &lt;b&gt; &eacute;", "AT&T 'x' <b> é"),
        ("One<br>two <b>three</b> <a href='x'>four</a>", "One\ntwo three four"),
        ("<h1>Title</h1><ul><li>one</li><li>two</li></ul>", "Title.\none.\ntwo.\n"),
        ("a <!-- no --> b", "a  b"),
        ("Line one\\nLine two\\r\\n\\tend", "Line one\nLine two\n end"),
        (r"\*not\* \#1", "*not* #1"),
        ("See https://www.example.com/docs/?q=1#top.", "See example.com/docs."),
        ("<https://a.b/c> <me@a.b>", "a.b/c me@a.b"),
        ("![](x.png)seen", "seen"),
        ("[![badge](http://i)](http://l) next", "badge next"),
        ("so[^1] it\n[^1]: is\n[r]: http://a.b\n[is][r]", "so it\nis\n\nis"),
        ("*smiles* Hello. *waves at you* Bye!", " Hello.  Bye!"),
        ("*sigh*", ""),
        ("It is *very* nice. *very*", "It is very nice. very"),
        ("She *smiles*.", "She smiles."),
        ("*lächelt* Hallo", "lächelt Hallo"),
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
        "a < b and b > 5, 5 <6, x <y",
        "AT&T, R&D & co",
        "C++ and C#, a == b, a==1 and b==2",
        "# of items: 5",
        "2_000 and $5 or 50%",
        "me@example.com",
        r"C:\new\table",
        r"\theta \times \nabla",
        "<laugh> [laugh] [1] a[0][1]",
        "hhttp: high http the",
        "a | b",
        "> 5 is more",
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


@given(
    st.text(alphabet=st.characters(exclude_characters="*_~`#-+•[!=<>&\\\\|", exclude_categories=["Cs"])).filter(
        lambda text: "http" not in text.lower() and not re.search(r"^[ \t]*\d+[.)]", text, re.MULTILINE)
    )
)
def test_text_without_marks_passes_as_it_is(text: str) -> None:
    assert unmarked(text) == text


@given(st.from_regex(UNMARKED, fullmatch=True))
def test_a_plain_line_is_what_it_is(text: str) -> None:
    remover = MarkupRemover()
    assert spoken_text(text) == text == remover.feed(text) + remover.finish()


@given(st.one_of(st.text(max_size=80), MARKED, PIECES))
def test_no_text_breaks_it_or_grows(text: str) -> None:
    """A sentence may end where a line does; an entity may stand for two characters."""
    assert len(spoken_text(text)) <= 2 * len(text)


@pytest.mark.parametrize(
    "part",
    ["*", "[", "<", "`", "![", "&", "\\", "https://", "|", "_a", "<b ", "[a](", "[[![", "#", "> ", "*smiles* ", "<!--"],
)
def test_what_is_held_back_is_bounded(part: str) -> None:
    """And with it the time: a text is read in slices."""
    remover = MarkupRemover()
    held = 0
    for _ in range(40):
        remover.feed(part * (400 // len(part)))
        held = max(held, len(pickle.dumps(remover)))
    assert held < 5000
