"""Checks the Python environment of the server and keeps its libraries quiet, with the standard library alone."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable

OLDEST = (3, 11)
PACKAGES = (
    "fastapi", "uvicorn", "websockets", "pydantic", "dotenv", "yaml", "structlog",
    "prometheus_client", "psutil", "numpy", "av", "python_multipart", "sentencex", "fastapi_offline",
)  # fmt: skip
"""Import names of the packages of requirements/base.txt that the server cannot start without."""
EXIT_STATUS = 2
QUIET = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""Variables that keep libraries from telling their makers what runs here: ONNX Runtime does by default since 1.29."""


def require_packages(packages: Iterable[str] = PACKAGES) -> None:
    """Exits with one sentence of advice where this Python cannot run the server."""
    if sys.version_info < OLDEST:
        _leave(f"STTS Server needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.")
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        _leave(
            f"This Python lacks packages of STTS Server ({', '.join(missing[:3])}{', ...' if missing[3:] else ''}): "
            "start it with `make serve`, or run `pip install -r requirements/base.txt` first."
        )


def keep_quiet() -> None:
    """Keeps libraries of this process, and of those that it starts, from telling their makers what runs here.

    What the operator has set counts. A library that was imported before has read its variable already.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def _leave(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - for the person at the terminal; there is no log yet
    sys.exit(EXIT_STATUS)
