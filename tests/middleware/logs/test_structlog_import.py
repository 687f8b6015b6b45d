"""The server's log does without `rich`."""

from __future__ import annotations

import sys

import pytest

from tests import patient

PROGRAM = """
import sys
from middleware.logs.structlog_import import import_structlog
import_structlog()
print("structlog" in sys.modules, "rich" in sys.modules)
import_structlog()
try:
    import rich
except ModuleNotFoundError as error:
    assert error.name == "rich" and error.msg.startswith("No module named"), error
"""


@pytest.mark.socket
def test_structlog_comes_without_rich_and_leaves_it_to_others() -> None:
    said = patient.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "False"]
