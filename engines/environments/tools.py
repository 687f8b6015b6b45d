"""The two programs that install packages, uv and pip: their commands, and what they say while they run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engines.environments.environment import PYTHON
from stts.cancellation import Cancellation
from stts.errors import EngineInstallFailed

TOLD_LINES = 6
"""Last lines of a program that failed, which the error tells."""
MOST_CHARACTERS = 300
_KEYS = re.compile(r"(?<=://)[^/\s@]+@")
"""User name and password in an address."""
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
_OPTIONS = PIP[2:]
FRUGAL_PIP = ((25, 2), (27,))
"""Versions of pip, from the first and before the second, that resolve by metadata alone, from the index or from a part
of each file: earlier ones fetch all files for a report, gigabytes before anybody was asked."""
_VERSION = "import importlib.metadata as m; print(m.version('pip'))"
_INSTALL = ("install", "--progress-bar", "off")
PIP_FOR_OTHERS = (22, 3)
"""The first version of pip that installs into an environment other than its own."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Makes an environment and fills it, by commands."""

    name: str
    make: tuple[str, ...]
    """Makes an empty environment; its folder comes last."""
    install: Callable[[Path], tuple[str, ...]]
    """Installs into the environment in this folder; requirements come last."""


def uv(python: str, program: str) -> Tool:
    return Tool(
        "uv",
        (program, "venv", "--no-config", "--python", python),
        lambda folder: (program, "pip", "install", "--no-config", "--python", str(folder / PYTHON)),
    )


def pip(python: str) -> Tool:
    """The pip of an interpreter fills environments that have none: unpacking one into each takes longest of all."""
    return Tool(
        "pip",
        (python, "-m", "venv", "--without-pip"),
        lambda folder: (python, *PIP, "--python", str(folder / PYTHON), *_INSTALL),
    )


def own_pip(python: str) -> Tool:
    """For an interpreter that has none, or one that cannot do it: each environment gets its own."""
    return Tool("pip", (python, "-m", "venv"), lambda folder: (str(folder / PYTHON), *PIP, *_INSTALL))


def choose_tool(python: str, cancellation: Cancellation) -> Tool:
    """uv where there is one, since it is far quicker; else the interpreter's venv and pip. Raises Cancelled."""
    if program := shutil.which("uv"):
        return uv(python, program)
    version = pip_version(python, cancellation)
    return pip(python) if version is not None and version >= PIP_FOR_OTHERS else own_pip(python)


def pip_version(python: str, cancellation: Cancellation) -> tuple[int, ...] | None:
    """The version of an interpreter's pip; None where it has none. Raises Cancelled."""
    lines: list[str] = []
    try:
        run((python, "-I", "-c", _VERSION), cancellation, lines.append)
    except EngineInstallFailed:
        return None
    return _numbers(lines[-1])


def frugal_pip(python: str, folder: Path, cancellation: Cancellation) -> tuple[str, ...] | None:
    """The command of a pip that fetches no files for a report: the interpreter's, or one that it gets (2 MB).

    `folder`: where that one lies while it is used. None where it has none and the index neither. Raises Cancelled.
    """
    least, beyond = FRUGAL_PIP
    version = pip_version(python, cancellation)
    if version is None:
        return None
    if least <= version < beyond:
        return (python, *PIP)
    wanted = f"pip>={_dotted(least)},<{_dotted(beyond)}"
    options = ("--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder))
    try:
        run((python, *PIP, "download", *options, wanted), cancellation)
    except EngineInstallFailed:
        return None
    # A wheel of pip runs as it is.
    return next(((python, str(wheel / "pip"), *_OPTIONS) for wheel in folder.glob("pip-*.whl")), None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def run(
    command: Sequence[str],
    cancellation: Cancellation,
    line: Callable[[str], None] = lambda text: None,
    *,
    lock: int | None = None,
) -> None:
    """Runs a command to its end and passes on each line that it prints.

    `lock`: a locked file, which the command holds too: where this process is killed, it stays locked until the command
    has ended.

    Raises Cancelled, and EngineInstallFailed with the last lines where it fails or is not there.
    """
    cancellation.check()
    told: deque[str] = deque(maxlen=TOLD_LINES)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_environment(),
            start_new_session=True,
            pass_fds=() if lock is None else (lock,),
        )
    except OSError as error:
        raise EngineInstallFailed(f"{command[0]} cannot be started: {error.strerror}.") from error
    with process:
        assert process.stdout is not None
        cancellation.interrupt_by(lambda: _end(process))
        try:
            for printed in process.stdout:
                if text := _KEYS.sub("", printed.strip())[:MOST_CHARACTERS]:
                    told.append(text)
                    line(text)
        finally:
            cancellation.interrupt_by(None)
            _end(process)
    cancellation.check()
    if process.returncode:
        raise EngineInstallFailed(f"{Path(command[0]).name} failed: {' / '.join(told)}")


def _end(process: subprocess.Popen[str]) -> None:
    """Ends it with all that it has started, unless it has ended."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """The server's, without what would have the program install into the server's own environment."""
    without = (
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
        "PIP_PYTHON",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_USER",
        "PIP_REQUIRE_VIRTUALENV",
    )
    return {name: value for name, value in os.environ.items() if name not in without}
