"""A caller that sends messages without end is left, whatever its window was told to be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from routers.webrtc.backlog import Backlog
from routers.webrtc.channel import ChannelSocket
from routers.webrtc.peer import MOST_BEYOND_BYTES, Peer
from routers.webrtc.ports import Site
from stts.settings.webrtc import WebRTCSettings

SCOPE: dict[str, Any] = {"path": "/", "headers": [], "query_string": b"", "state": {}}


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    socket = ChannelSocket(SCOPE, awaited=True)
    peer = Peer(WebRTCSettings(), Site(("127.0.0.1",), None, None), socket, Backlog())
    yield peer
    await peer.aclose()


@pytest.mark.parametrize(
    ("window", "left"), [(65_536, False), (-MOST_BEYOND_BYTES, False), (-MOST_BEYOND_BYTES - 1, True)]
)
async def test_what_comes_beyond_the_window_is_bounded(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, window: int, left: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(peer, "_connection", SimpleNamespace(sctp=SimpleNamespace(_advertised_rwnd=window)))
        peer._looking.cancel()
        peer._look()
    assert peer._connected.is_set() is left
    if left:
        assert not await peer.connected()
