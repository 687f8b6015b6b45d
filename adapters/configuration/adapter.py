"""ConfigAdapter: the configuration from file, `.env` and environment, changed and reloaded while the server runs.

Live keys take effect for the next request. The parts that use the other keys have read them when they were made, so
`current()` keeps the old value of those until the server starts again; `describe()` shows what waits.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.configuration.changes import changed_layer, changed_paths, changes_of
from adapters.configuration.document import Document, read_document
from adapters.configuration.editing import edited
from adapters.configuration.keys import KEYS, Key
from adapters.configuration.merge import Configuration, validated
from adapters.configuration.problems import Check, Problem, nothing_more
from adapters.configuration.sources import Layer, Source, dotenv_layer, environment_layer, file_layer
from stts.errors import Conflict, InvalidConfiguration, StorageFull
from stts.settings import Settings
from stts.storage.files.atomic import replace_file
from stts.storage.files.failures import is_full

DEFAULT_FILE = Path("config.yaml")
DEFAULT_DOTENV = Path(".env")
FILE_VARIABLE = "STTS_CONFIG"
EXIT_STATUS = 2
"""Of a start with a configuration that is not valid."""


@dataclass(frozen=True, slots=True)
class KeyState:
    key: Key
    value: Any
    """As JSON, in effect now; secrets masked."""
    source: Source
    waiting: bool
    """Whether another value waits for a restart."""


@dataclass(frozen=True, slots=True)
class ChangeReport:
    live: tuple[str, ...]
    """Keys whose new value is in effect for the next request."""
    restart: tuple[str, ...]
    """Keys whose new value waits for a restart."""
    overridden: tuple[str, ...] = ()
    """Keys that were set in the file, while `.env` or the environment says otherwise and wins."""


@dataclass(frozen=True, slots=True)
class _Plan:
    document: Document
    configuration: Configuration
    report: ChangeReport


class ConfigAdapter:
    def __init__(self, path: Path, environ: Mapping[str, str], dotenv_path: Path | None, check: Check) -> None:
        """Reads everything once, as `load` says."""
        self._path = path
        self._was_there = path.is_file()
        """A file that was read once must be there ever after: without it everything would silently be a default."""
        self._environ = environ
        self._dotenv_path = dotenv_path
        self._check = check
        self._lock = threading.Lock()
        self._patched: frozenset[str] = frozenset()
        self._newest = self._configured(self._read())
        self._current = self._newest.settings

    @classmethod
    def load(
        cls,
        path: Path | None = None,
        environ: Mapping[str, str] = os.environ,
        dotenv_path: Path | None = DEFAULT_DOTENV,
        check: Check = nothing_more,
    ) -> ConfigAdapter:
        """Blocking. `path` None is `config.yaml` in the working folder, which need not exist; a named file must.

        `check` finds what is wrong beyond the model, now and at every change; see `operator_check`.
        Raises InvalidConfiguration with one message: file, line, key, what is wrong and what is allowed.
        """
        if path is not None and not path.exists():
            raise InvalidConfiguration(f"{path}: there is no such configuration file")
        return cls(path or DEFAULT_FILE, environ, dotenv_path, check)

    def current(self) -> Settings:
        """The settings of this moment: one attribute look-up."""
        return self._current

    def describe(self) -> list[KeyState]:
        """Every key with its value, where that comes from, and whether another value waits for a restart."""
        with self._lock:
            current, newest, patched = self._current, self._newest, self._patched
        return [
            KeyState(
                key,
                value=key.shown(current),
                source="runtime" if key.name in patched and newest.source(key) == "file" else newest.source(key),
                waiting=key.of(current) != key.of(newest.settings),
            )
            for key in KEYS.values()
        ]

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the configuration; `live` and `protected` stand beside each key."""
        return Settings.model_json_schema()

    async def validate(self, changes: Mapping[str, Any]) -> ChangeReport:
        """What `patch` would do, and raise, without doing it."""
        return (await asyncio.to_thread(self._planned, changes)).report

    async def patch(self, changes: Mapping[str, Any]) -> ChangeReport:
        """Checks, saves and puts into effect all of the changes, or none.

        Raises Forbidden for protected keys, InvalidConfiguration for unknown keys and values that are not allowed,
        Conflict for a file that cannot be changed, StorageFull where the disk has no room for it.
        """
        return await asyncio.to_thread(self._patch, changes)

    async def reload(self) -> ChangeReport:
        """Reads everything again. Raises InvalidConfiguration, and keeps the old, if that is not valid."""
        return await asyncio.to_thread(self._reload)

    def _patch(self, changes: Mapping[str, Any]) -> ChangeReport:
        with self._lock:
            plan = self._planned(changes)
            self._save(plan.document)
            self._patched |= {*plan.report.live, *plan.report.restart}
            self._adopt(plan.configuration)
        return plan.report

    def _reload(self) -> ChangeReport:
        with self._lock:
            configuration = self._configured(self._read())
            report = self._report(configuration, {})
            self._patched = frozenset()
            self._adopt(configuration)
        return report

    def _read(self) -> Document:
        """Raises InvalidConfiguration for a file that is gone or cannot be read."""
        if self._was_there and not self._path.exists():
            raise InvalidConfiguration(f"{self._path.name}: the configuration file is gone; nothing was changed")
        document = read_document(self._path)
        self._was_there = self._was_there or self._path.is_file()
        return document

    def _planned(self, body: Mapping[str, Any]) -> _Plan:
        changes = changes_of(body)
        document = self._read()
        self._configured(document)  # what is wrong already is the operator's, not the client's
        wanted = changed_layer(changes, file_layer(document, self._path.name))
        document = edited(document, self._validated(wanted), self._path.name)
        configuration = self._configured(document)
        return _Plan(document, configuration, self._report(configuration, changes))

    def _configured(self, document: Document) -> Configuration:
        return Configuration.of(
            file_layer(document, self._path.name),
            dotenv_layer(self._dotenv_path),
            environment_layer(self._environ),
            check=self._check,
        )

    def _validated(self, wanted: Layer) -> dict[str, dict[str, Any]]:
        """The wanted values as they are to be written: checked, and of the type they have in the model."""

        def check(settings: Settings) -> Iterator[Problem]:
            return (problem for problem in self._check(settings) if wanted.has(problem.path[:2]))

        settings = validated([wanted], check)
        return {
            section: getattr(settings, section).model_dump(mode="json", include=set(keys))
            for section, keys in wanted.values.items()
        }

    def _report(self, configuration: Configuration, changes: Mapping[Key, Any]) -> ChangeReport:
        """Counts what the operator has changed in the file by hand meanwhile, too."""
        new, newest, current = configuration.settings, self._newest.settings, self._current
        overridden = [
            key for key, change in changes.items() if any(map(configuration.overrides, changed_paths(key, change)))
        ]
        unheard = [key for key in overridden if all(map(configuration.overrides, changed_paths(key, changes[key])))]
        touched = [
            key for key in KEYS.values() if key not in unheard and (key in changes or key.of(new) != key.of(newest))
        ]
        return ChangeReport(
            live=tuple(key.name for key in touched if key.live),
            restart=tuple(key.name for key in touched if not key.live and key.of(new) != key.of(current)),
            overridden=tuple(key.name for key in overridden),
        )

    def _save(self, document: Document) -> None:
        try:
            replace_file(self._path, document.text.encode())
        except OSError as error:
            if is_full(error):
                raise StorageFull(f"The disk of {self._path.name} is full; nothing was changed.") from error
            raise Conflict(f"{self._path.name} cannot be written ({error.strerror}); nothing was changed.") from error

    def _adopt(self, configuration: Configuration) -> None:
        self._newest = configuration
        self._current = _with_live_keys(self._current, configuration.settings)


def _with_live_keys(current: Settings, new: Settings) -> Settings:
    sections = {}
    for section in Settings.model_fields:
        live = {key.field: key.of(new) for key in KEYS.values() if key.live and key.section == section}
        sections[section] = getattr(current, section).model_copy(update=live)
    return current.model_copy(update=sections)


def configuration_file(option: str | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that `--config` or STTS_CONFIG names, the option first."""
    name = option or environ.get(FILE_VARIABLE)
    return Path(name) if name else None


def startup_message(error: InvalidConfiguration) -> str:
    """What to print before the exit with EXIT_STATUS."""
    return f"The configuration is not valid, so the server does not start.\n  {error}"
