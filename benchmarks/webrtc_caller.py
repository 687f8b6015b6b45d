"""A caller by WebRTC: aiortc as a client, which speaks in real time and keeps what it hears and is told."""

from __future__ import annotations

import asyncio
import fractions
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import av
import numpy as np
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from numpy.typing import NDArray

from routers.webrtc.microphone import Microphone
from routers.webrtc.ports import Site, gather
from stts.engine_api import Samples

RATE = 48_000
"""Hz."""
FRAME = 960
PATIENCE = 120.0
"""Seconds."""
LOOPBACK = Site(("127.0.0.1",), None, None)

Event = dict[str, Any]


@dataclass(slots=True)
class Network:
    """A bad network between caller and server: packets are lost, late, and overtake each other."""

    delay: float
    """Seconds, each way."""
    jitter: float
    """Seconds by which a packet is earlier or later than that."""
    loss: float
    """Share of the packets."""
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def between(self, protocol: Any) -> None:
        """Puts it between a socket of the transport and its protocol."""
        transport, received = protocol.transport, protocol.datagram_received
        protocol.transport = _Sender(transport, self)
        protocol.datagram_received = lambda data, address: self.carry(received, data, address)

    def carry(self, deliver: Callable[[bytes, Any], None], data: bytes, address: Any) -> None:
        if self.chance.random() >= self.loss:
            late = max(0.0, self.delay + self.chance.uniform(-self.jitter, self.jitter))
            asyncio.get_running_loop().call_later(late, deliver, data, address)


class _Sender:
    """The transport of a socket, as far as it is used."""

    def __init__(self, transport: Any, network: Network) -> None:
        self._transport, self._network = transport, network

    def sendto(self, data: bytes, address: Any = None) -> None:
        self._network.carry(self._sent, data, address)

    def _sent(self, data: bytes, address: Any) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Voice(MediaStreamTrack):
    """The voice of the caller: frames of 20 ms in real time, silence where there is nothing to say."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._words: NDArray[np.int16] = np.zeros(0, np.int16)
        self._frames = 0
        self._began: float | None = None
        self.said = asyncio.Event()

    def say(self, samples: Samples) -> None:
        """Mono float32 at 48 kHz."""
        self._words = np.concatenate((self._words, np.rint(samples * 32_767).astype(np.int16)))
        self.said.clear()

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self._began = loop.time() if self._began is None else self._began
        await asyncio.sleep(max(0.0, self._began + self._frames * 0.02 - loop.time()))
        data, self._words = self._words[:FRAME], self._words[FRAME:]
        if not len(self._words):
            self.said.set()
        frame = av.AudioFrame.from_ndarray(
            np.pad(data, (0, FRAME - len(data)))[np.newaxis], format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._frames * FRAME, fractions.Fraction(1, RATE)
        self._frames += 1
        return frame


class Caller:
    def __init__(
        self,
        site: Site = LOOPBACK,
        *,
        label: str | None = "oai-events",
        network: Network | None = None,
        servers: Sequence[RTCIceServer] = (),
    ) -> None:
        """`label`: of its data channel; None: it opens none. `servers`: STUN and TURN servers that it asks."""
        self._network = network
        self._site = site
        self.connection = RTCPeerConnection(RTCConfiguration(list(servers)))
        self.voice = Voice()
        self.events: list[Event] = []
        self.heard: list[tuple[float, Samples]] = []
        """Audio at 24 kHz, each piece with the time at which it came."""
        self.closed = asyncio.Event()
        self.location = ""
        """Path of the call."""
        self._read = 0
        self._changed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._ear = Microphone()
        self.channel = None if label is None else self.connection.createDataChannel(label)
        if self.channel is not None:
            self.channel.on("open", self._changed.set)
            self.channel.on("message", self._told)
            self.channel.on("close", self._leave)
        self.connection.on("connectionstatechange", self._follow)

    async def offer(self) -> str:
        transceiver = self.connection.addTransceiver(self.voice, "sendrecv")
        # Without the 80 ms that aiortc waits for: what is measured is when audio comes.
        transceiver.receiver._RTCRtpReceiver__jitter_buffer = self._ear  # type: ignore[attr-defined]
        offer = await self.connection.createOffer()
        transports: set[Any] = {transceiver.receiver.transport, getattr(self.connection.sctp, "transport", None)}
        for transport in transports - {None}:
            ice = transport.transport.iceGatherer._connection
            ice.get_component_candidates = partial(_gathered, ice, self._site)
        await self.connection.setLocalDescription(offer)
        if self._network is not None:
            for transport in transports - {None}:
                for protocol in transport.transport.iceGatherer._connection._protocols:
                    self._network.between(protocol)
        return self.connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        self._listening = asyncio.create_task(self._listen())

    async def send(self, type: str, **fields: Any) -> None:
        assert self.channel is not None
        async with asyncio.timeout(PATIENCE):
            while self.channel.readyState != "open":
                await self._change()
        self.channel.send(json.dumps({"type": type, **fields}))

    async def until(self, type: str, check: Callable[[Event], bool] = lambda event: True) -> Event:
        """The next such event after the last one waited for."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._read < len(self.events):
                    self._read += 1
                    event = self.events[self._read - 1]
                    if event["type"] == type and check(event):
                        return event
                assert not self.closed.is_set(), self.types()
                await self._change()

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def of(self, type: str) -> list[Event]:
        return [event for event in self.events if event["type"] == type]

    def audio(self) -> Samples:
        return np.concatenate([np.zeros(0, np.float32), *(samples for _, samples in self.heard)])

    @property
    def lost_seconds(self) -> float:
        """Audio that did not come in time to be heard."""
        return self._ear.filled

    async def aclose(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        await self.connection.close()
        self.voice.stop()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        async for samples in self._ear.audio(24_000):
            self.heard.append((loop.time(), samples))

    def _told(self, message: str) -> None:
        self.events.append(json.loads(message))
        self._changed.set()

    def _follow(self) -> None:
        if self.connection.connectionState in ("failed", "closed"):
            self._leave()
        self._changed.set()

    def _leave(self) -> None:
        self.closed.set()
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


async def _gathered(ice: Any, site: Site, component: int, addresses: list[str]) -> Any:
    return await gather(ice, site, component)


@asynccontextmanager
async def calling(site: Site = LOOPBACK, **options: Any) -> AsyncIterator[Caller]:
    caller = Caller(site, **options)
    try:
        yield caller
    finally:
        await caller.aclose()
