"""One caller by WebRTC: its connection, the microphone and the speaker on it, and its data channel.

The transport is aiortc, which is imported with this module and nowhere else: `routers/webrtc/calls.py` imports it when
the first call comes. Three things of it are replaced, each in one place, and its version is pinned for that: how
sockets are bound (`ports.py`), the buffer of received packets (`microphone.py`), and who encodes (`speaker.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcdatachannel import RTCDataChannel

from routers.webrtc.backlog import Backlog
from routers.webrtc.channel import ChannelSocket
from routers.webrtc.microphone import Microphone
from routers.webrtc.offers import Offer
from routers.webrtc.ports import Site, gather
from routers.webrtc.speaker import Speaker
from stts.errors import InvalidRequest
from stts.settings.webrtc import WebRTCSettings

UNUSABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError)
REFUSED = (InternalError, InvalidAccessError, InvalidStateError, OperationError, *UNUSABLE)
"""Errors of the transport for an offer that it cannot take."""
CLOSE_SECONDS = 5.0
LOOK_SECONDS = 0.5
MOST_BEYOND_BYTES = 1_048_576
"""Bytes of messages not complete yet that may come beyond the window that the client was told of: the transport tells
of it, and keeps whatever comes."""

for _name in ("aiortc", "aioice"):
    # They write addresses of clients, and every check of a candidate.
    logging.getLogger(_name).setLevel(logging.ERROR)


class Peer:
    """Whoever makes one closes it."""

    def __init__(self, settings: WebRTCSettings, site: Site, socket: ChannelSocket, backlog: Backlog) -> None:
        self.backlog = backlog
        self.microphone = Microphone()
        self._socket, self._site = socket, site
        self._speaker = Speaker(backlog)
        servers = [_server(each.url, each.username, each.credential) for each in settings.ice_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._connected = asyncio.Event()
        self._gone = False
        self._looking = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        self._connection.on("connectionstatechange", self._follow)
        self._connection.on("datachannel", self._attach)

    async def answer(self, offer: Offer) -> str:
        """Binds sockets and returns the answer. Raises InvalidRequest, Busy, Unavailable."""
        connection = self._connection
        try:
            transceiver = connection.addTransceiver(self._speaker, "sendrecv")
            transceiver.setCodecPreferences(_opus())
            await connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
            _replace(transceiver.receiver, "__jitter_buffer", self.microphone)
            if connection.sctp is not None:
                connection.sctp._transmit = partial(_while_connected, connection.sctp._transmit)  # type: ignore[method-assign]
            ice = transceiver.receiver.transport.transport.iceGatherer._connection
            ice.get_component_candidates = partial(_gathered, ice, self._site)  # type: ignore[method-assign]
            await connection.setLocalDescription(await connection.createAnswer())
        except REFUSED as error:
            raise InvalidRequest("This offer cannot be taken.", param="sdp") from error
        return connection.localDescription.sdp

    async def connected(self) -> bool:
        """Waits until the call is connected and its channel open. False: it failed, or the caller has left."""
        await self._connected.wait()
        if not self._gone:
            await self._socket.opened()
        return not self._gone

    async def aclose(self) -> None:
        """Frees its sockets, tasks and thread; not even what waits for the network holds it up for long."""
        self._looking.cancel()
        self._leave()
        closing = asyncio.ensure_future(self._connection.close())
        await asyncio.wait([closing], timeout=CLOSE_SECONDS)
        self._speaker.stop()
        closing.cancel()

    def _follow(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._connected.set()
        elif state in ("failed", "closed"):
            self._leave()

    def _leave(self) -> None:
        self._gone = True
        self._connected.set()
        self.microphone.close()
        self.backlog.interrupt()
        self._socket.leave()

    def _look(self) -> None:
        sctp = self._connection.sctp
        if sctp is not None and sctp._advertised_rwnd < -MOST_BEYOND_BYTES:
            self._leave()
        self._looking = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _attach(self, channel: RTCDataChannel) -> None:
        longest: int = channel.transport._remote_max_message_size
        self._socket.attach(channel, longest)


async def _gathered(ice: Any, site: Site, component: int, addresses: list[str]) -> Any:
    """Stands for the transport's own way, which binds all interfaces of the machine."""
    return await gather(ice, site, component)


async def _while_connected(transmit: Callable[[], Awaitable[None]]) -> None:
    """The transport sends in tasks that nobody looks at: that their caller has vanished is no error of any of them."""
    with suppress(ConnectionError):
        await transmit()


def _replace(owner: object, private: str, value: object) -> None:
    """Puts a part of ours in the place of a private one. Raises AttributeError where that is not there."""
    name = f"_{type(owner).__name__}{private}"
    getattr(owner, name)
    setattr(owner, name, value)


def _opus() -> list[Any]:
    return [each for each in RTCRtpSender.getCapabilities("audio").codecs if each.mimeType == "audio/opus"]


def _server(url: str, username: str | None, credential: Any) -> RTCIceServer:
    return RTCIceServer(url, username, None if credential is None else credential.get_secret_value())
