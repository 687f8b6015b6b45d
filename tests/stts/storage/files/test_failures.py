"""Errors of the operating system about a disk, translated for clients."""

from __future__ import annotations

import errno
import tempfile

import pytest

from stts.errors import StorageFailed, StorageFull
from stts.storage.files.failures import disk_error, is_full


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EROFS, StorageFailed),
        (errno.EIO, StorageFailed),
        (errno.ENOENT, type(None)),
    ],
)
def test_what_is_told(reason: int, told: type[object]) -> None:
    assert type(disk_error(OSError(reason, "It failed"))) is told


def test_no_folder_for_temporary_files_is_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python looks for one by writing to each, when it first needs one."""

    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr("tempfile._os.open", full)
    with pytest.raises(FileNotFoundError) as caught:
        tempfile.mkstemp()
    assert is_full(caught.value)
    assert not is_full(FileNotFoundError(errno.ENOENT, "No such file or directory"))
