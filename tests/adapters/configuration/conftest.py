"""Settings of these tests have the defaults that operators get."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.caching import cache_by_default


@pytest.fixture(autouse=True, scope="module")
def cached_by_default() -> Iterator[None]:
    cache_by_default(wanted=True)
    yield
    cache_by_default(wanted=False)
