"""A log on a disk that is full, or behind a pipe that nobody reads."""

from __future__ import annotations

import errno
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from middleware.logs.configuring import StandardLibraryHandler, configure_logging
from stts.settings import LoggingSettings, Settings


class Disk(io.StringIO):
    """Takes lines as long as it has room."""

    reason: int | None = None

    def write(self, text: str) -> int:
        if self.reason is not None:
            raise OSError(self.reason, "It failed")
        return super().write(text)


@pytest.fixture
def disk() -> Iterator[Disk]:
    root = logging.getLogger()
    level, disk = root.level, Disk()
    configure_logging(lambda: Settings(logging=LoggingSettings(format="json")), disk)
    yield disk
    structlog.reset_defaults()
    for handler in [handler for handler in root.handlers if isinstance(handler, StandardLibraryHandler)]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = False


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO, errno.EPIPE])
def test_lines_that_cannot_be_written_are_counted(disk: Disk, reason: int) -> None:
    log = structlog.get_logger()
    log.info("first")
    disk.reason = reason
    for _ in range(3):
        log.warning("lost")
    logging.getLogger("uvicorn.error").warning("lost, too")
    disk.reason = None
    log.info("again")
    log.info("and again")
    lines = [json.loads(line) for line in disk.getvalue().splitlines() if line]
    assert [(line["event"], line.get("lines_lost")) for line in lines] == [
        ("first", None),
        ("again", 4),
        ("and again", None),
    ]


def test_the_rest_of_a_torn_line_does_not_spoil_the_next(disk: Disk) -> None:
    log = structlog.get_logger()
    disk.write('{"event": "to')
    disk.reason = errno.ENOSPC
    log.info("torn")
    disk.reason = None
    log.info("whole")
    assert json.loads(disk.getvalue().splitlines()[-1])["event"] == "whole"
