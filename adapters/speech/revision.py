"""The revision of an engine: a fingerprint of its options, the packages that it runs on, and its weights.

It is a part of each cache key, so that an update of an engine answers nothing that the old one has made. It is made of
versions and digests where there are some, which are the same on servers that share a cache, else of sizes and times of
files.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from adapters.execution.instance import EngineInstance
from stts.engine_api import TTSEngine

REMEMBERED_SECONDS = 10.0
"""An update of packages or weights is seen within this time."""
MOST_FILES = 1000
"""Files that are looked at of a folder that an option names."""


class Revision:
    """The fingerprint of one engine instance, remembered for a moment. Cheap: nothing is read or imported."""

    def __init__(self, instance: EngineInstance[TTSEngine], clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds."""
        self._instance = instance
        self._clock = clock
        self._made = ""
        self._until: float | None = None

    def __call__(self) -> str:
        """16 hexadecimal digits."""
        now = self._clock()
        if self._until is None or now >= self._until:
            self._made = hashlib.sha256(json.dumps(self._parts()).encode()).hexdigest()[:16]
            self._until = now + REMEMBERED_SECONDS
        return self._made

    def _parts(self) -> list[Any]:
        engine = self._instance.engine
        return [engine.options.model_dump_json(), self._packages(), _models(engine), _named_files(engine)]

    def _packages(self) -> list[str]:
        environment = self._instance.environment
        installed = None if environment is None else environment.find()
        if installed is not None:
            return list(installed.packages)
        engine = self._instance.engine
        return [each for package in engine.info.packages for each in versions(package)]


def versions(package: str) -> list[str]:
    """The installed distributions that a package may be of, with their versions; else the state of its file."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return []
    if spec is None or spec.origin is None:
        return []
    origin = Path(spec.origin)
    top = origin.parent.parent if origin.name == "__init__.py" else origin.parent
    # The folder of a distribution is named by it: `hibari_tts-0.2.1.dist-info` for `hibari`.
    found = sorted(each.name for each in top.glob(f"{package}*.dist-info"))
    return found or list(_state(origin))


def _models(engine: TTSEngine) -> list[str]:
    """Digests of the models that the catalogue has for an engine: each is checked when it is loaded."""
    return sorted(file.sha256 for model in engine.known_models.values() for file in model.files)


def _named_files(engine: TTSEngine) -> list[str]:
    """The states of the files and folders that options name."""
    values = engine.options.model_dump(mode="json").values()
    named = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return [state for each in named if isinstance(each, str) and "/" in each for state in _states(each)]


def _states(name: str) -> Iterator[str]:
    try:
        path = Path(name).expanduser()
        files = sorted(islice(path.iterdir(), MOST_FILES)) if path.is_dir() else [path]
    except (OSError, RuntimeError, ValueError):
        return
    for each in files:
        yield from _state(each)


def _state(path: Path) -> Iterator[str]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return
    yield f"{path.name} {status.st_size} {status.st_mtime_ns}"
