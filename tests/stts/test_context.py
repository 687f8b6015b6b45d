"""Contexts of parts: what holds for the whole holds for them."""

from __future__ import annotations

import pytest

from stts.access.key_text import KeyText
from stts.access.principal import API_KEY_HOLDER, key_holder
from stts.context import CacheUse, RequestContext, RequestFacts
from tests.stts.access.keys import new_key


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


@pytest.mark.parametrize("use", ["any", "read", "renew", "none"])
def test_a_key_that_keeps_out_of_the_cache_does_so_whatever_is_asked(use: CacheUse) -> None:
    facts = RequestFacts(cache=use)
    for cache, expected in ((True, use), (False, "none")):
        principal = key_holder(new_key(KeyText.new(), cache=cache))
        context = RequestContext("conversation", principal=principal, input_data=facts)
        assert context.cache_use == context.part("tts").cache_use == expected
    assert RequestContext("tts", principal=API_KEY_HOLDER, input_data=facts).cache_use == use
