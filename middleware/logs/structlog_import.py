"""Imports structlog without `rich`, which it loads wherever that is installed, and which the server's log never uses.

The command `stts` brings it along. It takes a twentieth of a start, and 3 MB.
"""

from __future__ import annotations

import importlib
import sys


def import_structlog() -> None:
    """Call it before anything else imports structlog. What imports `rich` later finds it."""
    if "rich" in sys.modules or "structlog" in sys.modules:
        return
    # The import system's own mark of a module that is not there.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("structlog")
    finally:
        del sys.modules["rich"]
