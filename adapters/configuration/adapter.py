"""ConfigAdapter: the configuration from file, `.env` and environment, changed and reloaded while the server runs.

Live keys take effect for the next request. The parts that use the other keys have read them when they were made, so
`current()` keeps the old value of those until the server starts again; `describe()` shows what waits. Changes go to a
file of their own under `storage.root`; the operator's file is only read.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from adapters.configuration.change_report import change_report
from adapters.configuration.changes import changes_of
from adapters.configuration.keys import KeyPath, key_tree
from adapters.configuration.merge import Configuration, compared, difference, merged, validated, with_live_keys
from adapters.configuration.old_keys import moved_path, renamed_value
from adapters.configuration.overrides import OVERRIDES, changing_overrides, write_overrides
from adapters.configuration.problems import Check, Problem, nothing_more, refusal
from adapters.configuration.reports import ChangeReport, KeyState
from adapters.configuration.sources import Layer, dotenv_layer, environment_layer, file_layer
from adapters.configuration.values import Assignment
from stts.errors import InvalidConfiguration
from stts.settings import Settings

DEFAULT_FILE = Path("config.yaml")
DEFAULT_DOTENV = Path(".env")
FILE_VARIABLE = "STTS_CONFIG"
EXIT_STATUS = 2
"""The exit status of a start with a configuration that is not valid."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ConfigAdapter:
    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        dotenv_path: Path | None,
        check: Check,
        model: type[Settings] = Settings,
        above: Layer | None = None,
    ) -> None:
        """Reads everything once, as `load` says."""
        self._above = () if above is None else (above,)
        self._root = key_tree(model)
        self._path = path
        self._was_there = path.is_file()
        """A file that was read once must be there ever after: without it everything would silently be a default."""
        self._environ = environ
        self._dotenv_path = dotenv_path
        self._check = check
        self.on_change: list[Callable[[], None]] = []
        """Called in some thread when other values are in effect."""
        self._lock = threading.Lock()
        layers = self._operator_layers()
        self._overrides_path = Path(validated(self._root, layers, nothing_more).storage.root) / OVERRIDES
        self._newest = self._configured(layers, file_layer(self._root, self._overrides_path, "runtime"))
        self._current = self._newest.settings

    @classmethod
    def load(
        cls,
        path: Path | None = None,
        environ: Mapping[str, str] = os.environ,
        dotenv_path: Path | None = DEFAULT_DOTENV,
        check: Check = nothing_more,
        model: type[Settings] = Settings,
        above: Layer | None = None,
    ) -> ConfigAdapter:
        """Blocking. `path` None is `config.yaml` in the working folder, which need not exist; a named file must.

        `above`: values over all others, the environment's too. `check` finds what is wrong beyond the model, now and
        at every change; see `operator_check`.
        Raises InvalidConfiguration with one message: file, line, key, what is wrong and what is allowed.
        """
        if path is not None and not path.exists():
            raise InvalidConfiguration(f"{path}: there is no such configuration file")
        return cls(path or DEFAULT_FILE, environ, dotenv_path, check, model, above)

    def current(self) -> Settings:
        """The settings of this moment: one attribute look-up."""
        return self._current

    def describe(self) -> list[KeyState]:
        """Every key with its value, where that comes from, and whether another value waits for a restart."""
        with self._lock:
            current, newest = self._current, self._newest
        return [
            KeyState(
                ".".join(pair.path),
                pair.key,
                value=pair.key.shown(pair.old),
                source=newest.source(pair.path),
                waiting=pair.old != pair.new,
            )
            for pair in compared(self._root, current, newest.settings)
        ]

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the configuration; `live` and `protected` stand beside each key."""
        assert self._root.model is not None
        return self._root.model.model_json_schema()

    def log_origins(self) -> None:
        """Writes what an operator would look for in vain in config.yaml: values over it, and old names.

        To be called when logging is set up.
        """
        changed = [state.name for state in self.describe() if state.source == "runtime"]
        if changed:
            log.info("settings_changed_over_http", file=str(self._overrides_path), keys=changed)
        for layer in self._newest.layers:
            for old, place in layer.moved.items():
                log.warning("setting_moved", place=place, old=".".join(old), new=".".join(moved_path(old)))
            for path, value in layer.renamed.items():
                key, new = ".".join(path), renamed_value(path, value)
                log.warning("setting_renamed", place=layer.place(path), key=key, old=value, new=new)

    async def validate(self, changes: Mapping[str, Any]) -> ChangeReport:
        """Reports what `patch` would do, or raises what it would raise, without doing it."""
        return (await asyncio.to_thread(self._planned, changes))[1]

    async def patch(self, changes: Mapping[str, Any]) -> ChangeReport:
        """Checks, saves and puts into effect all of the changes, or none.

        Raises Forbidden for protected keys, InvalidConfiguration for unknown keys and values that are not allowed,
        StorageFull and StorageFailed where they cannot be saved.
        """
        return await asyncio.to_thread(self._patch, changes)

    async def restore(self, path: KeyPath) -> ChangeReport:
        """Takes back what was changed over HTTP at a path and below it: what the operator's file says counts again.

        Raises as `patch` does.
        """
        return await asyncio.to_thread(self._restore, path)

    async def reload(self) -> ChangeReport:
        """Reads everything again. Raises InvalidConfiguration, and keeps the old, if that is not valid."""
        return await asyncio.to_thread(self._reload)

    def _patch(self, changes: Mapping[str, Any]) -> ChangeReport:
        with self._lock, changing_overrides(self._overrides_path):
            configuration, report = self._planned(changes)
            write_overrides(self._overrides_path, configuration.layers[1].values)
            self._adopt(configuration)
        self._tell()
        return report

    def _restore(self, path: KeyPath) -> ChangeReport:
        with self._lock, changing_overrides(self._overrides_path):
            changed = file_layer(self._root, self._overrides_path, "runtime").values
            kept = tuple(each for each in changed if each[0][: len(path)] != path)
            configuration = self._configured(self._operator_layers(), Layer("runtime", kept))
            report = self._report(configuration, [])
            write_overrides(self._overrides_path, kept)
            self._adopt(configuration)
        self._tell()
        return report

    def _reload(self) -> ChangeReport:
        with self._lock:
            overrides = file_layer(self._root, self._overrides_path, "runtime")
            configuration = self._configured(self._operator_layers(), overrides)
            report = self._report(configuration, [])
            self._adopt(configuration)
        self._tell()
        self.log_origins()
        return report

    def _operator_layers(self) -> tuple[Layer, ...]:
        """The file, `.env` and the environment. Raises InvalidConfiguration for what is gone or cannot be read."""
        if self._was_there and not self._path.exists():
            raise InvalidConfiguration(f"{self._path.name}: the configuration file is gone; nothing was changed")
        file = file_layer(self._root, self._path)
        self._was_there = self._was_there or self._path.is_file()
        environment = environment_layer(self._root, self._environ)
        return file, dotenv_layer(self._root, self._dotenv_path), environment, *self._above

    def _configured(self, layers: tuple[Layer, ...], overrides: Layer) -> Configuration:
        own = validated(self._root, layers, nothing_more)  # also what the changes over HTTP hide
        file, *above = layers
        all_layers = (file, overrides, *above)
        configuration = Configuration(all_layers, validated(self._root, all_layers, self._check))
        protected = [
            Problem(pair.path, "only the configuration file and the environment may set this")
            for pair in compared(self._root, own, configuration.settings)
            if pair.key.protected and pair.old != pair.new
        ]
        if protected:
            raise refusal(self._root, protected, [overrides])
        return configuration

    def _planned(self, body: Mapping[str, Any]) -> tuple[Configuration, ChangeReport]:
        layers = self._operator_layers()
        file = layers[0]
        overrides = file_layer(self._root, self._overrides_path, "runtime")
        self._configured(layers, overrides)  # what is wrong already is the operator's, not the client's
        changes = changes_of(self._root, body, merged(self._root, [file, overrides]))
        change = Layer("runtime", tuple(changes))

        def check(settings: Settings) -> Iterator[Problem]:
            return (problem for problem in self._check(settings) if change.has(problem.path))

        below = validated(self._root, [file], nothing_more)
        wanted = validated(self._root, [file, overrides, change], check)
        configuration = self._configured(layers, Layer("runtime", tuple(difference(self._root, below, wanted))))
        return configuration, self._report(configuration, changes)

    def _report(self, configuration: Configuration, changes: Sequence[Assignment]) -> ChangeReport:
        return change_report(self._root, self._current, self._newest.settings, configuration, changes)

    def _adopt(self, configuration: Configuration) -> None:
        self._newest = configuration
        self._current = with_live_keys(self._root, self._current, configuration.settings)

    def _tell(self) -> None:
        """Without the lock: whoever is told may wait for another worker, which may want to change something itself."""
        for tell in self.on_change:
            tell()


def configuration_file(option: str | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that `--config` or STTS_CONFIG names, the option first."""
    name = option or environ.get(FILE_VARIABLE)
    return Path(name) if name else None


def startup_message(error: InvalidConfiguration, named: Path | None = None) -> str:
    """The message to print before the exit with EXIT_STATUS. `named`: the file that somebody has named.

    Of a file that nobody has named it says which it is and why it is read: another program's may lie there.
    """
    message = f"The configuration is not valid, so the server does not start.\n  {error}"
    if named is None and str(error).startswith(DEFAULT_FILE.name):
        message += (
            f"\n  It is {DEFAULT_FILE.absolute()}, read as the `{DEFAULT_FILE}` of the folder it works in; "
            f"--config or {FILE_VARIABLE} names another."
        )
    return message
