"""Installs environments: beside the one in use, marked last, one installation of each at a time."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from engines.environments.environment import PYTHON, Environment, Installed, mark, read, remove
from engines.environments.estimate import Estimate, estimate
from engines.environments.tools import Tool, choose_tool, run
from stts.cancellation import Cancellation, Cancelled
from stts.engine_api import Progress
from stts.errors import Conflict, StorageFailed, StorageFull

UNPACKED = 3
"""Bytes on the disk for each that is fetched: the file itself and what is unpacked from it, with room to spare."""
_FETCHED = re.compile(r"(?:Downloading|Using cached) (?:\S*/)?(?P<file>\S+\.(?:whl|tar\.gz|zip))")
PACKAGES = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"

Confirm = Callable[[Estimate], bool]


def install(
    environment: Environment,
    *,
    progress: Progress,
    confirm: Confirm = lambda plan: True,
    known: Estimate | None = None,
    cancellation: Cancellation | None = None,
    tool: Tool | None = None,
) -> Installed:
    """Installs an environment, or finds it installed. Blocks for minutes.

    `confirm` is asked once it is known what would be fetched; `known` is that, where it has been asked for. Raises
    Cancelled where it says no, and where the cancellation does; EngineInstallFailed; StorageFull and StorageFailed;
    Conflict where another process installs it.
    """
    cancellation = cancellation or Cancellation()
    root = _writable(environment.roots)
    with _alone(root, environment.name) as lock:
        if environment.state == "ready" and (found := environment.find()) is not None:
            return found
        plan = known
        if plan is None:
            progress("asking the package index", None)
            plan = estimate(environment.requirements, environment.python, cancellation)
        if not confirm(plan):
            raise Cancelled
        tool = tool or choose_tool(environment.python, cancellation)
        _require_space(root, plan)
        folder = environment.folder(root)
        _clear(environment)
        try:
            _fill(folder, environment, tool, _Steps(progress, plan), partial(run, cancellation=cancellation, lock=lock))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    found = read(folder)
    assert found is not None
    return found


def uninstall(environment: Environment) -> None:
    """Removes all that is there of an environment. Raises Conflict while it is installed, and StorageFailed."""
    for root in environment.roots:
        if root.is_dir() and os.access(root, os.W_OK):
            with _alone(root, environment.name):
                for folder in environment.folders():
                    if folder.parent == root:
                        _remove(folder)


def clear_outdated(environment: Environment) -> None:
    """Removes what was installed of earlier requirements, when nothing runs in it any more. Raises StorageFailed."""
    used = environment.find()
    for folder in environment.folders():
        if used is not None and folder != used.folder and os.access(folder.parent, os.W_OK):
            _remove(folder)


def _fill(folder: Path, environment: Environment, tool: Tool, steps: _Steps, call: Callable[..., None]) -> None:
    steps.begin("making the environment")
    call((*tool.make, str(folder)))
    steps.begin("downloading")
    call((*tool.install(folder), *environment.requirements.lines), line=steps.read)
    packages: list[str] = []
    call((str(folder / PYTHON), "-I", "-c", PACKAGES), line=packages.append)
    mark(folder, packages)


class _Steps:
    """Tells how far an installation is, by what its program prints."""

    def __init__(self, progress: Progress, plan: Estimate) -> None:
        self._progress = progress
        self._sizes = {package.file: package.bytes or 0 for package in plan.packages}
        self._total = sum(self._sizes.values())
        self._done = 0

    def begin(self, step: str) -> None:
        self._progress(step, None)

    def read(self, line: str) -> None:
        if line.startswith(("Installing collected packages", "Prepared ")):
            self._progress("unpacking", None)
        elif (match := _FETCHED.search(line)) is not None:
            file = match["file"]
            # The line comes when it begins; all that was named before is there.
            self._progress(f"downloading {file}", self._done / self._total if self._total else None)
            self._done += self._sizes.pop(file, 0)


def _writable(roots: Sequence[Path]) -> Path:
    """The first folder that may be written, made where it is not there. Raises StorageFailed."""
    for root in roots:
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(root, os.W_OK | os.X_OK):
            return root
    raise StorageFailed("No folder of environments can be written.")


@contextmanager
def _alone(root: Path, name: str) -> Iterator[int]:
    """The locked file. Raises Conflict while another thread or process works on this environment."""
    with open(root / f".{name}.lock", "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"The environment {name} is being changed by somebody else.") from None
        yield file.fileno()


def _require_space(root: Path, plan: Estimate) -> None:
    known = sum(package.bytes or 0 for package in plan.packages)
    if shutil.disk_usage(root).free < known * UNPACKED:
        raise StorageFull(
            f"The disk has no room for {known // 1_000_000} MB of downloads and what is unpacked from them."
        )


def _clear(environment: Environment) -> None:
    """Removes what an interrupted installation left."""
    for folder in environment.folders():
        if read(folder) is None and os.access(folder.parent, os.W_OK):
            _remove(folder)


def _remove(folder: Path) -> None:
    try:
        remove(folder)
    except OSError as error:
        raise StorageFailed(f"{folder.name} cannot be removed: {error.strerror}.") from error
