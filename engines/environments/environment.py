"""Where an environment lies, and whether it may be used: only once the mark that is written last is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engines.environments.requirements import Requirements
from stts.storage.files.atomic import replace_file

MARK = "installed.json"
PYTHON = Path("bin", "python")

EnvironmentState = Literal["absent", "ready", "outdated"]


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that was installed to its end."""

    folder: Path
    packages: tuple[str, ...]
    """`name==version` of each, sorted."""

    @property
    def python(self) -> Path:
        return self.folder / PYTHON


class Environment:
    """The environment of one list of requirements, in the first folder that has it.

    Each lies under its name and a digest of what it is made of, so that a new one is made beside the one in use. What
    lies there without its mark was not finished, or is being removed, and is never used.
    """

    def __init__(self, requirements: Requirements, roots: Sequence[Path], python: str) -> None:
        """`roots`: folders of environments, first to last. `python`: the interpreter that it is made of."""
        self.requirements = requirements
        self.roots = tuple(roots)
        self.python = python
        self._folder_name = f"{requirements.name}-{requirements.digest(python)}"

    @property
    def name(self) -> str:
        return self.requirements.name

    @property
    def state(self) -> EnvironmentState:
        """`outdated`: made of other requirements than today's; it is used until it is installed anew."""
        found = self.find()
        if found is None:
            return "absent"
        return "ready" if found.folder.name == self._folder_name else "outdated"

    def find(self) -> Installed | None:
        """The environment of today's requirements, else the newest of earlier ones, or None. Cheap."""
        exact = (read(root / self._folder_name) for root in self.roots)
        found = next((each for each in exact if each is not None), None)
        if found is not None:
            return found
        others = [each for folder in self.folders() if (each := read(folder)) is not None]
        return max(others, key=lambda each: (each.folder / MARK).stat().st_mtime, default=None)

    def folder(self, root: Path) -> Path:
        """Where it lies under this root, installed or not."""
        return root / self._folder_name

    def folders(self) -> Iterator[Path]:
        """All that is there of it: finished, outdated and half-made."""
        length = len(self._folder_name)
        for root in self.roots:
            found = sorted(root.glob(f"{self.name}-*")) if root.is_dir() else []
            yield from (each for each in found if each.is_dir() and len(each.name) == length)


def read(folder: Path) -> Installed | None:
    """The installation in a folder; None where it was not finished, or its interpreter has gone."""
    try:
        values: Any = json.loads((folder / MARK).read_text(encoding="utf-8"))
        packages = tuple(str(each) for each in values["packages"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Installed(folder, packages) if (folder / PYTHON).exists() else None


def mark(folder: Path, packages: Sequence[str]) -> None:
    """Says that it may be used. Raises OSError."""
    replace_file(folder / MARK, json.dumps({"packages": sorted(packages)}, indent=1).encode())


def remove(folder: Path) -> None:
    """Removes it, its mark first. Raises OSError."""
    (folder / MARK).unlink(missing_ok=True)
    shutil.rmtree(folder)
