"""The copies of one engine: loaded engines in this process, or child processes, all made alike."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar, cast

from adapters.execution.backends.backend import Backend
from adapters.execution.backends.batching import BatchingBackend
from adapters.execution.backends.inline import InlineBackend
from adapters.execution.backends.process import ProcessBackend
from adapters.execution.backends.wire import WorkerSpec
from engines.registry import Registry
from stts.engine_api import Engine, EngineInfo, Progress
from stts.settings import Settings

E = TypeVar("E", bound=Engine)


class Copies(Generic[E]):
    """Makes an engine by the operator's settings, first as a description, and then as often as it is to run.

    Raises UnknownEngine, InvalidConfiguration, and whatever the import of its module does.
    """

    def __init__(
        self, name: str, registry: Registry, settings: Settings, capacity: int | None, *, separate: bool
    ) -> None:
        """`capacity`: calls at once, if not the engine's own `limits.concurrency`. `separate`: each on a copy of its
        own also where the engine runs in threads."""
        self._name = name
        self._registry = registry
        self._declared = settings.engines.instance(name)
        self.engine_name = self._declared.engine
        """The engine in the registry."""
        self._options_key = settings.engines.options_key(name)
        self._model_folders = settings.models.searched
        self._quote_output = settings.logging.log_text
        self.engine: E = self._make_engine()
        """The engine as a description; never loaded where it runs in a child process."""
        self._capacity = capacity or self.info.limits.concurrency
        self._separate = separate
        self.backends: list[Backend] = [self._make(first=number == 0) for number in range(self._first_count)]

    def __iter__(self) -> Iterator[Backend]:
        return iter(self.backends)

    def __len__(self) -> int:
        return len(self.backends)

    @property
    def info(self) -> EngineInfo:
        """The engine's description of itself, under the name and with the settings of this instance."""
        info = self.engine.info
        runs_in = self._declared.runs_in or info.runs_in
        if (info.name, info.runs_in) == (self._name, runs_in):
            return info
        return replace(info, name=self._name, runs_in=runs_in)

    @property
    def ready(self) -> int:
        """Copies that are loaded."""
        return sum(backend.ready for backend in self.backends)

    def memory(self) -> int:
        """Bytes that those take which are loaded. Blocks for a moment."""
        return sum(backend.memory() for backend in list(self.backends))

    def add(self) -> Backend:
        """Makes one more, which is loaded by the first call that gets it."""
        self.backends.append(self._make(first=False))
        return self.backends[-1]

    def load(self, backend: Backend, progress: Progress) -> None:
        """Loads one. Blocks; raises EngineNotInstalled, and what the load raises."""
        self.engine.require_installed()
        backend.load(progress)

    def unload(self) -> None:
        """Unloads all. Blocks."""
        for backend in self.backends:
            backend.unload()

    @property
    def _first_count(self) -> int:
        """Copies at the start: the operator's number, else one, or one for each call at once."""
        if self._separate:
            return self._capacity
        return self._declared.copies or (self._capacity if self.engine.info.runs_in == "process" else 1)

    def _make(self, *, first: bool) -> Backend:
        """One more copy; the first in a thread is the one that describes the engine."""
        backend = self._make_single(first=first)
        limits = self.info.limits
        return BatchingBackend(backend, limits) if limits.batch > 1 and not self._separate else backend

    def _make_single(self, *, first: bool) -> Backend:
        if self.info.runs_in == "process":
            return ProcessBackend(self._name, self._spec())
        engine = self.engine if first else self._make_engine()
        # Of an engine made for processes `limits.concurrency` counts those: one copy runs one call at a time.
        alone = self._separate or self.engine.info.runs_in == "process"
        return InlineBackend(engine, 1 if alone else self._capacity)

    def _spec(self) -> WorkerSpec:
        return WorkerSpec(
            Path(sys.executable),
            self._registry.target(self.engine_name),
            self._declared.options,
            self._options_key,
            self._model_folders,
            self.engine.known_models,
            quote_output=self._quote_output,
        )

    def _make_engine(self) -> E:
        engine = self._registry.create(
            self.engine_name, self._declared.options, key=self._options_key, model_folders=self._model_folders
        )
        return cast(E, engine)
