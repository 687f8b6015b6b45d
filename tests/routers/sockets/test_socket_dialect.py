"""Subprotocols: the first known one that is offered is answered, and never one that was not offered."""

from __future__ import annotations

import pytest

from routers.sockets.socket_dialect import SocketDialect

KEY = "openai-insecure-api-key.abc"


@pytest.mark.parametrize(
    ("offered", "native", "answering_keys"),
    [
        ([], None, None),
        (["realtime", KEY], "realtime", "realtime"),
        ([KEY], None, KEY),
        ([KEY, "other"], None, None),
        (["other"], None, None),
    ],
)
def test_what_is_answered(offered: list[str], native: str | None, answering_keys: str | None) -> None:
    assert SocketDialect().answered(offered) == native
    assert SocketDialect(answers_keys=True).answered(offered) == answering_keys
