"""A backend runs one call at a time on an engine: here in this process, in `process.py` in a child."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from stts.engine_api import Engine, Progress

E = TypeVar("E", bound=Engine)
E_co = TypeVar("E_co", bound=Engine, covariant=True)


class Backend(Protocol[E_co]):
    """`load` and `unload` block and belong into a worker thread; the rest returns at once, on any thread."""

    @property
    def engine(self) -> E_co:
        """The engine that work is given."""
        ...

    @property
    def ready(self) -> bool:
        """Whether a call may run now, without a load."""
        ...

    def load(self, progress: Progress) -> None: ...

    def unload(self) -> None: ...

    def begin_call(self) -> None:
        """Announces a call, a load or an unload: a `kill()` from here on is for that one, also before it has begun."""
        ...

    def interrupt(self) -> None:
        """Asks the running call to end at its next yield, where that takes more than closing its iterator."""
        ...

    def kill(self) -> bool:
        """Ends the call that was announced last by force. False: nothing can."""
        ...


class ThreadBackend(Generic[E]):
    """The engine itself. Engines whose calls may overlap have as many backends, all of them this one object."""

    def __init__(self, engine: E) -> None:
        self.engine = engine
        self.ready = False

    def load(self, progress: Progress) -> None:
        self.engine.load(progress)
        self.ready = True

    def unload(self) -> None:
        self.ready = False
        self.engine.unload()

    def begin_call(self) -> None:
        """Nothing can kill it, so there is nothing to forget."""

    def interrupt(self) -> None:
        """Its iterator is closed in its own thread; there is nothing else to tell."""

    def kill(self) -> bool:
        return False
