"""One sound on several devices at once, each of which may go away and come back meanwhile.

Devices stay open while they are chosen: a sink of PulseAudio that nobody plays on looks two seconds ahead, and would
let the first words wait for as long; headphones on the air need a moment to wake up, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from clients.desktop.sentences import Sentence
from clients.desktop.sound.device import Device, Machine, Opened, SoundFailed
from clients.desktop.sound.lane import SAMPLE_BYTES, STALL_SECONDS, Lane

RATE = 24_000
"""Sample rate in Hz of speech, unless it says otherwise."""
AHEAD_SECONDS = 300.0
"""Most sound that waits: a server is not held up by ears, and memory is (14 MB at 24 kHz)."""
TAIL_SECONDS = 0.15
"""Silence after the last word, with which it has left the device's own buffer."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A device that does not play, or plays no longer."""

    device: Device
    reason: str


@dataclass(slots=True)
class _Way:
    device: Device
    rate: int
    lane: Lane
    opened: Opened

    def close(self) -> None:
        self.lane.drop()
        self.opened.close()


class Outputs:
    """Devices that play the same, none of them twice. Those that are lost are told and left out; the others go on."""

    def __init__(
        self, machine: Machine, lost: Callable[[Lost], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._machine, self._lost, self._clock = machine, lost, clock
        self._loop = asyncio.get_running_loop()
        self._moved = asyncio.Event()
        self._ways: dict[str, _Way] = {}
        self._came: float | None = None

    def use(self, devices: Iterable[Device], rate: int = RATE) -> None:
        """Plays on these from now on: what is open stays open, and what cannot be opened is told."""
        wanted = {device.id: device for device in devices}
        for name, way in list(self._ways.items()):
            if name not in wanted or way.rate != rate or way.lane.stalled:
                self._ways.pop(name).close()
        for name, device in wanted.items():
            if name not in self._ways:
                lane = Lane(rate, self._clock, self._taken)
                try:
                    self._ways[name] = _Way(device, rate, lane, self._machine.open(device, rate, lane))
                except SoundFailed as failed:
                    self._lost(Lost(device, failed.sentence))

    def gone(self, ids: Iterable[str]) -> None:
        """Leaves devices out that the system no longer has."""
        self._leave_out([name for name in ids if name in self._ways])

    @property
    def devices(self) -> tuple[Device, ...]:
        """Those that play."""
        return tuple(way.device for way in self._ways.values())

    @property
    def delay(self) -> float | None:
        """Seconds from the first block of a sound until every device had taken of it."""
        begun = [way.lane.began for way in self._ways.values() if way.lane.began is not None]
        return max(begun) - self._came if begun and self._came is not None else None

    @property
    def heard(self) -> float:
        """Seconds of the sound that every device has taken."""
        return min((way.lane.heard for way in self._ways.values()), default=0.0)

    def begin(self) -> None:
        """Another sound: what waits of the last one is dropped."""
        self._came = None
        for way in self._ways.values():
            way.lane.begin()

    async def write(self, block: bytes) -> None:
        """Returns when there is room for more."""
        if self._came is None:
            self._came = self._clock()
        for way in self._ways.values():
            way.lane.write(block)
        await self._until(AHEAD_SECONDS)

    async def finish(self) -> None:
        """Returns when all was heard."""
        for way in self._ways.values():
            way.lane.write(bytes(int(way.rate * TAIL_SECONDS) * SAMPLE_BYTES))
        await self._until(0.0)

    def close(self) -> None:
        """Ends it at once: what was not played is dropped."""
        while self._ways:
            self._ways.popitem()[1].close()

    async def _until(self, seconds: float) -> None:
        while any(way.lane.left > seconds for way in self._ways.values()):
            self._moved.clear()
            try:
                async with asyncio.timeout(STALL_SECONDS / 2):
                    await self._moved.wait()
            except TimeoutError:
                self._leave_out([name for name, way in self._ways.items() if way.lane.stalled])

    def _leave_out(self, names: list[str]) -> None:
        for name in names:
            way = self._ways.pop(name)
            way.close()
            self._lost(Lost(way.device, Sentence("device_gone", device=way.device.name)))
        self._moved.set()

    def _taken(self) -> None:
        """Called in the thread of a device."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._moved.set)
