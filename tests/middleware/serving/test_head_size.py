from __future__ import annotations

from middleware.serving.head_size import HEAD_BYTES, HeadSize


def test_what_the_parser_collects_counts_until_it_tells_of_it() -> None:
    size = HeadSize()
    assert not size.begun
    size.read(bytes(HEAD_BYTES + 1))
    assert size.begun and size.collects_too_much and not size.is_too_large
    size.tell(HEAD_BYTES)
    assert not size.collects_too_much and not size.is_too_large
    size.tell(1)
    assert size.is_too_large


def test_a_body_is_no_part_of_a_head_and_each_request_has_one_of_its_own() -> None:
    size = HeadSize()
    size.tell(10)
    for _ in range(3):
        size.read(bytes(HEAD_BYTES))
        size.unparsed = 0
    assert not size.collects_too_much and size.told == 10
    size.begin()
    assert not size.begun
