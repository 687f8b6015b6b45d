"""Captions have the times of the bound book."""

from __future__ import annotations

from pathlib import Path

from stts.books.captions import captions
from stts.books.parts import Part

PARTS = [
    Part(Path("a"), 2.0, 0, 0.5, "Hello there."),
    Part(Path("b"), 8.0, 0, 0.5, "A longer text of two sentences is here. The second one follows <now>."),
    Part(Path("c"), 1.0, 1, 0.0, "End."),
]


def test_subrip_counts_through_all_parts() -> None:
    text = "".join(captions(PARTS, "srt", "en"))
    blocks = text.split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == [f"{number}" for number in range(1, len(blocks) + 1)]
    assert blocks[0] == "1\n00:00:00,000 --> 00:00:02,000\nHello there."
    assert blocks[-1] == "4\n00:00:11,000 --> 00:00:12,000\nEnd.\n"
    assert blocks[1].startswith("2\n00:00:02,500 --> ")


def test_web_vtt_is_escaped_and_has_its_header_once() -> None:
    text = "".join(captions(PARTS, "vtt"))
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello there.\n\n")
    assert text.count("WEBVTT") == 1
    assert "&lt;now&gt;" in text


def test_no_parts_are_no_captions() -> None:
    assert list(captions([], "srt")) == []
    assert list(captions([], "vtt")) == ["WEBVTT\n"]
