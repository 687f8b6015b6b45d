from __future__ import annotations

import pytest

from stts.errors import InvalidText
from stts.text.passages import Alias, Passage, Passages, read_passages


def test_a_plain_text_is_one_passage() -> None:
    found = read_passages(" Hello there. ", voices=True)
    assert found == Passages([Passage("Hello there.")]) and found.is_plain


def test_pauses_stand_before_what_follows() -> None:
    found = read_passages("[pause:0.5s]One. [PAUSE:1s] [pause:.5s] Two.[pause:2s]", voices=False)
    assert found == Passages([Passage("One.", pause=0.5), Passage("[pause:.5s] Two.", pause=1.0)], pause=2.0)
    assert not found.is_plain


def test_voices_and_rates() -> None:
    text = "A [voice:x]B [rate:1.5]C [voice: y(2)+z ]D [rate:1]E [voice:told]F [rate:2]G"
    found = read_passages(text, voices=True, aliases={"told": Alias("deep", 0.8)})
    assert found.spoken == [
        Passage("A"),
        Passage("B", "x"),
        Passage("C", "x", 1.5),
        Passage("D E", "y(2)+z"),
        Passage("F", "deep", 0.8),
        Passage("G", "deep", 1.6),
    ]


def test_tags_of_voices_are_text_where_they_do_not_count() -> None:
    assert read_passages("[voice:x] A [rate:2]", voices=False).spoken == [Passage("[voice:x] A [rate:2]")]


def test_a_rate_keeps_within_bounds() -> None:
    assert read_passages("[rate:99]A [rate:0.01]B", voices=True).spoken == [
        Passage("A", rate=4),
        Passage("B", rate=0.25),
    ]


def test_a_pause_is_cut_to_the_longest() -> None:
    assert read_passages("A[pause:999s]", voices=False).pause == 60.0


@pytest.mark.parametrize("text", ["", " [pause:1s] ", "[voice:x]", "[pause:60s]" * 6 + "A", "A[pause:0.1s]" * 501])
def test_what_cannot_be_spoken(text: str) -> None:
    with pytest.raises(InvalidText):
        read_passages(text, voices=True)
