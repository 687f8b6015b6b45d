"""The order in which files of tests are begun: those that take long early, each beside one that has many tests.

Left to the number of their tests they would come last, and go on while nobody else has anything to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import pytest


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests, each file's together and as they stand there."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    long = [tests for tests in files.values() if tests[0].get_closest_marker("long")]
    others = sorted((tests for tests in files.values() if tests not in long), key=len, reverse=True)
    return [item for pair in zip_longest(long, others, fillvalue=()) for tests in pair for item in tests]
