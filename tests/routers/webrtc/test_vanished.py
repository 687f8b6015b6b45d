"""A caller that vanishes while something is on its way to it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from routers.webrtc.backlog import Backlog
from routers.webrtc.channel import ChannelSocket
from routers.webrtc.offers import read_offer
from routers.webrtc.peer import Peer
from routers.webrtc.ports import Site
from stts.settings.webrtc import WebRTCSettings
from tests.routers.webrtc.test_offers import BROWSER

pytestmark = [pytest.mark.socket, pytest.mark.long]

SCOPE: dict[str, Any] = {"path": "/", "headers": [], "query_string": b"", "state": {}}


async def test_it_is_no_error_of_the_transport() -> None:
    socket = ChannelSocket(SCOPE, awaited=True)
    peer: Any = Peer(WebRTCSettings(), Site(("127.0.0.1",), None, None), socket, Backlog())
    await peer.answer(read_offer(BROWSER))

    async def vanished() -> None:
        raise ConnectionError("Cannot send encrypted data, not connected")

    await partial(peer._connection.sctp._transmit.func, vanished)()
    await peer.aclose()
