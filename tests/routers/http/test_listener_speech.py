from __future__ import annotations

import pytest

from middleware.listener import OutputDefaults
from routers.http.listener_speech import check_length
from stts.errors import TextTooLong


def test_a_limit_of_the_listener() -> None:
    check_length("a" * 100_000, OutputDefaults("wav"))
    check_length("abc", OutputDefaults("wav", text_characters=3))
    with pytest.raises(TextTooLong, match="3 characters"):
        check_length("abcd", OutputDefaults("wav", text_characters=3))
