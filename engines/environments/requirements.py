"""Requirements of an environment: an engine's own, and the few that every worker needs."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from stts.engine_api import EngineInfo

LISTS = Path(__file__).resolve().parents[2] / "requirements"
WORKER_LIST = LISTS / "worker.txt"
"""Packages that the main of a worker imports besides this server's own code."""
SUFFIX = ".txt"
DIGEST_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Requirements:
    """Named after the list, so that engines with the same list share an environment."""

    name: str
    lines: tuple[str, ...]
    """Requirements in pip's form, those of every worker last."""

    def digest(self, python: str) -> str:
        """Tells environments apart that are made of other requirements, or by another interpreter."""
        made_of = "\n".join((*self.lines, python, f"{sys.version_info.major}.{sys.version_info.minor}"))
        return hashlib.sha256(made_of.encode()).hexdigest()[:DIGEST_CHARACTERS]


def requirements_of(info: EngineInfo, engine: str, worker_list: Path = WORKER_LIST) -> Requirements | None:
    """The requirements of an engine that the registry calls `engine`; None where it states none.

    Each of `info.requirements` is a line in pip's form, or the name of a list of this server. Raises OSError where
    there is no such list.
    """
    if not info.requirements:
        return None
    lists = [each for each in info.requirements if each.endswith(SUFFIX)]
    name = lists[0].removesuffix(SUFFIX) if len(lists) == len(info.requirements) == 1 else engine
    lines = [line for each in info.requirements for line in (_lines(LISTS / each) if each in lists else [each])]
    return Requirements(name, (*lines, *_lines(worker_list)))


def _lines(path: Path) -> list[str]:
    """The requirements of a list, without comments and empty lines."""
    lines = (line.partition(" #")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
