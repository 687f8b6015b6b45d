"""Contexts of parts: what holds for the whole holds for them."""

from __future__ import annotations

import pytest

from stts.context import CacheUse, RequestContext, RequestFacts


@pytest.mark.parametrize("use", ["any", "renew", "none"])
def test_a_part_has_the_wish_about_the_cache(use: CacheUse) -> None:
    whole = RequestContext("conversation", input_data=RequestFacts("POST", "/conversation", "192.0.2.1", 5, cache=use))
    part = whole.part("tts")
    assert part.parent is whole and part.input_data.cache == use
    assert (part.input_data.route, part.input_data.network, part.input_data.characters) == (
        "/conversation",
        "192.0.2.1",
        0,
    )
