"""In a process of its own: the limit of this one is shared with everything else that is tested here."""

from __future__ import annotations

import sys

import pytest

from tests import patient

PROGRAM = """
import resource
from middleware.serving.file_limit import file_limit, raise_file_limit
from stts.settings import LimitSettings

for hard in (8192, 400):
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    raise_file_limit(LimitSettings(), 0)
    print(file_limit())
"""


@pytest.mark.socket
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_it_is_raised_as_far_as_is_needed_or_the_log_says_what_is_left() -> None:
    run = patient.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    high, told, low = run.stdout.splitlines()
    assert (high, low) == ("4128", "400")
    assert "file_limit_low" in told
    assert "info" in told  # the warning comes with whom it turns away
    assert "connections=136" in told
    assert "ulimit -n 4128" in told
