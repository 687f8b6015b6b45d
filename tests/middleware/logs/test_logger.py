from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import LogCapture, capture_logs

from middleware.logs.logger import CurrentLogger


@pytest.fixture(autouse=True)
def _reset() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_it_is_bound_once() -> None:
    logger = CurrentLogger()
    assert logger() is logger()


def test_it_follows_a_new_configuration() -> None:
    logger, lines = CurrentLogger(), LogCapture()
    logger()
    structlog.configure(processors=[lines])
    logger().info("said")
    assert [line["event"] for line in lines.entries] == ["said"]


def test_what_captures_lines_captures_its_own() -> None:
    logger = CurrentLogger()
    logger()
    with capture_logs() as lines:
        logger().info("said")
    assert [line["event"] for line in lines] == ["said"]
