"""Devices by ids that stay, and which of them a choice means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from clients.desktop.sentences import Explained, Sentence


class SoundFailed(Explained):
    """A device that cannot be used."""


@dataclass(frozen=True, slots=True)
class Device:
    id: str
    """The name that the system has for it, which stays when it is renamed, or unplugged and plugged in again."""
    name: str
    default: bool = False
    """This is the one that the system plays on where nobody chooses."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One that somebody made, which outlives the device."""

    id: str
    name: str = ""
    """For messages while the device is away."""

    @property
    def shown(self) -> str:
        return Sentence("system_choice") if self.id == SYSTEM.id else self.name or self.id


SYSTEM = Choice("system", "the system's own choice")
"""Whichever device the system plays on."""
NOTHING = Choice("", "nothing")


class Opened(Protocol):
    """A device that is playing."""

    def close(self) -> None: ...


class Source(Protocol):
    """Gives a device its next frames. Called in a thread of the device."""

    def pull(self, frames: int) -> bytes: ...


class Machine(Protocol):
    """The seam to a sound system."""

    def devices(self) -> tuple[Device, ...]:
        """Raises SoundFailed where there is no sound system."""
        ...

    def open(self, device: Device, rate: int, source: Source) -> Opened:
        """16 bits, mono. Raises SoundFailed where the device is gone or in use."""
        ...


@dataclass(frozen=True, slots=True)
class Targets:
    """Devices that choices mean now, each of them once."""

    devices: tuple[Device, ...]
    missing: tuple[Choice, ...]
    """Choices whose device is not there."""
    same: bool = False
    """Two choices meant one device, which is played on once."""


def find(choice: Choice, devices: Iterable[Device]) -> Device | None:
    """The device that is chosen, by its id alone: names change, and two devices may have the same."""
    if choice == SYSTEM or choice.id == SYSTEM.id:
        return next((device for device in devices if device.default), None)
    return next((device for device in devices if device.id == choice.id), None)


def targets(choices: Sequence[Choice], devices: Sequence[Device]) -> Targets:
    """The devices of several choices; NOTHING is none."""
    wanted = [choice for choice in choices if choice.id != NOTHING.id]
    found: dict[str, Device] = {}
    missing, same = [], False
    for choice in wanted:
        device = find(choice, devices)
        if device is None:
            missing.append(choice)
        else:
            same = same or device.id in found
            found[device.id] = device
    return Targets(tuple(found.values()), tuple(missing), same)


def named(name: str, devices: Sequence[Device]) -> Device:
    """The device with this id or name, or the only one with this in its name. Raises SoundFailed."""
    wanted = name.strip().casefold()
    exact = [device for device in devices if name == device.id or wanted == device.id.partition(":")[2].casefold()]
    exact = exact or [device for device in devices if wanted == device.name.casefold()]
    alike = exact or [device for device in devices if wanted and wanted in device.name.casefold()]
    if len(alike) == 1:
        return alike[0]
    there = ", ".join(f"“{device.name}” ({device.id})" for device in alike or devices) or "none"
    if alike:
        raise SoundFailed(f"More than one device is called “{name}”: {there}. Name one by its id, in brackets.")
    raise SoundFailed(f"No device is called “{name}”. These are there: {there}.")
