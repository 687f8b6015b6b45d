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
from engines.environments.environment import Environment
from engines.environments.requirements import requirements_of
from engines.registry import Registry
from stts.engine_api import Engine, EngineInfo, Progress
from stts.errors import EngineNotInstalled
from stts.settings import EngineSettings, Settings

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
        self._offline = settings.models.offline
        self._quote_output = settings.privacy.keeps_texts
        self.engine: E = self._make_engine()
        """The engine as a description; never loaded where it runs in a child process."""
        self.environment = self._worker_environment(settings.engines)
        """The environment of its own that it has as a worker, installed or not; None: it has none."""
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
        install = f"stts engines install {self._name}" if self.environment is not None else info.install
        if (info.name, info.runs_in, info.install) == (self._name, runs_in, install):
            return info
        return replace(info, name=self._name, runs_in=runs_in, install=install)

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

    @property
    def installed(self) -> bool:
        """True if its libraries are there: in an environment of its own, or in the server's."""
        return self._own_python is not None or self.engine.installed()

    def load(self, backend: Backend, progress: Progress) -> None:
        """Loads one. Blocks; raises EngineNotInstalled, and what the load raises."""
        if not self.installed:
            raise EngineNotInstalled(f"{self.info.name} is not installed: {self.info.install}")
        try:
            backend.load(progress)
        except EngineNotInstalled as error:
            if self._own_python is None:
                raise
            # To install it again would find it installed.
            raise EngineNotInstalled(
                f"The environment of {self.info.name} is damaged, it lacks a package: remove it "
                f"(DELETE /engines/{self.info.name}/install), then {self.info.install}"
            ) from error

    def unload(self) -> None:
        """Unloads all. Blocks."""
        for backend in self.backends:
            backend.unload()

    @property
    def _first_count(self) -> int:
        """Copies at the start: the operator's number, else one, or one for each call at once."""
        if self._separate:
            return self._capacity
        return self._declared.copies or (1 if self.engine.info.runs_in == "inline" else self._capacity)

    def _make(self, *, first: bool) -> Backend:
        """One more copy; the first that is inline is the one that describes the engine."""
        backend = self._make_single(first=first)
        limits = self.info.limits
        return BatchingBackend(backend, limits) if limits.batch > 1 and not self._separate else backend

    def _make_single(self, *, first: bool) -> Backend:
        if self.info.runs_in != "inline":
            # Its environment may be installed, or change, before a child is started.
            return ProcessBackend(self._name, self._spec)
        engine = self.engine if first else self._make_engine()
        # Of an engine made for processes `limits.concurrency` counts those: one copy runs one call at a time.
        alone = self._separate or self.engine.info.runs_in != "inline"
        return InlineBackend(engine, 1 if alone else self._capacity)

    def _worker_environment(self, settings: EngineSettings) -> Environment | None:
        if (self._declared.runs_in or self.engine.info.runs_in) != "worker":
            return None
        requirements = requirements_of(self.engine.info, self.engine_name)
        if requirements is None:
            return None
        roots = [Path(each).expanduser() for each in settings.environment_folders]
        return Environment(requirements, roots, settings.python or sys.executable)

    @property
    def _own_python(self) -> Path | None:
        """The interpreter of its environment, where that is installed."""
        found = None if self.environment is None else self.environment.find()
        return None if found is None else found.python

    def _spec(self) -> WorkerSpec:
        own = self._own_python
        return WorkerSpec(
            own or Path(sys.executable),
            self._registry.target(self.engine_name),
            self._declared.options,
            self._options_key,
            self._model_folders,
            self.engine.known_models,
            offline=self._offline,
            own_environment=own is not None,
            quote_output=self._quote_output,
        )

    def _make_engine(self) -> E:
        engine = self._registry.create(
            self.engine_name,
            self._declared.options,
            key=self._options_key,
            model_folders=self._model_folders,
            offline=self._offline,
        )
        return cast(E, engine)
