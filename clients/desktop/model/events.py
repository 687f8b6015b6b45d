"""Events of an utterance, as values: a window, a terminal and a test read the same."""

from __future__ import annotations

from dataclasses import dataclass

from clients.desktop.model.catalogue import Voice
from clients.desktop.model.history import Entry
from clients.desktop.model.parameters import Parameter
from clients.desktop.model.references import Reference


@dataclass(frozen=True, slots=True)
class Queued:
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Asking:
    """The server is asked."""

    number: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The server is asked again in so many seconds."""

    number: int
    seconds: float
    attempt: int
    of: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sounding:
    """The first of it has come, and goes to the devices of these names."""

    number: int
    voice: str
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """All of it has come, and lies in the history; it may still be heard."""

    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Ended:
    """It was heard to its end."""

    number: int
    first_sound: float | None = None
    """Seconds from the server's first byte to the first sample that a device took."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody wanted no more of it."""

    number: int


@dataclass(frozen=True, slots=True)
class Failed:
    number: int
    message: str
    text: str = ""
    """Its words, which are not lost."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told that ends nothing: a device that is away, a warning of the server."""

    message: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Connected:
    """The server is there, with these voices."""

    voices: tuple[Voice, ...]


@dataclass(frozen=True, slots=True)
class Recordings:
    """Those of the folder references, also those that will not do."""

    found: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Unreached:
    """The server is not there, or not to be used."""

    message: str
    seconds: float | None = None
    """Until it is asked again; None: not before somebody wants it."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters that an engine takes beside the common fields."""

    engine: str
    known: tuple[Parameter, ...]


Event = Queued | Asking | Waiting | Sounding | Kept | Ended | Stopped | Failed | Notice
"""All that can happen to an utterance."""
END = (Ended, Stopped, Failed)
"""One of these comes of each utterance, once."""
