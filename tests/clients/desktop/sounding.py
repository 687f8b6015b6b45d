"""A sound system in memory: devices that a test plugs in and out, and whose clock it turns."""

from __future__ import annotations

from dataclasses import dataclass, field

from clients.desktop.sound.device import Device, SoundFailed, Source

CABLE = Device("Test:cable", "Virtual cable")
EARS = Device("Test:ears", "Headphones", default=True)
OTHER = Device("Test:other", "Loudspeakers")


@dataclass
class Open:
    machine: MemoryMachine
    device: Device
    rate: int
    source: Source
    closed: bool = False

    def close(self) -> None:
        self.closed = True


@dataclass
class MemoryMachine:
    there: list[Device] = field(default_factory=lambda: [CABLE, EARS, OTHER])
    in_use: set[str] = field(default_factory=set)
    """Ids of devices that another program has for itself."""
    silent: str = ""
    """Why there is no sound system."""
    opened: list[Open] = field(default_factory=list)
    heard: dict[str, bytearray] = field(default_factory=dict)

    def devices(self) -> tuple[Device, ...]:
        if self.silent:
            raise SoundFailed(self.silent)
        return tuple(self.there)

    def open(self, device: Device, rate: int, source: Source) -> Open:
        if device.id in self.in_use or device.id not in {each.id for each in self.there}:
            raise SoundFailed(f"“{device.name}” cannot be opened.")
        made = Open(self, device, rate, source)
        self.opened.append(made)
        return made

    @property
    def open_now(self) -> list[str]:
        return [each.device.id for each in self.opened if not each.closed]

    def play(self, seconds: float = 1.0) -> None:
        """Lets every device that is there take so much."""
        for each in self.opened:
            if not each.closed and each.device.id in {device.id for device in self.there}:
                taken = each.source.pull(int(each.rate * seconds))
                self.heard.setdefault(each.device.id, bytearray()).extend(taken)


class Clock:
    """Time that goes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
