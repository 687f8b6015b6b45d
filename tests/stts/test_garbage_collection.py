"""Only the server's own process sets objects aside."""

from __future__ import annotations

import sys

import pytest

from tests import patient

PROGRAM = """
import gc
from stts.garbage_collection import freeze_gc, freeze_gc_again
gc.disable()
{start}
freeze_gc_again()
print(gc.get_freeze_count() > 0, gc.isenabled())
"""


@pytest.mark.socket
@pytest.mark.parametrize(("start", "frozen"), [("freeze_gc()", True), ("", False)])
def test_what_comes_later_is_frozen_where_the_start_was(start: str, frozen: bool) -> None:
    program = PROGRAM.format(start=start)
    said = patient.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(frozen), str(frozen)]
