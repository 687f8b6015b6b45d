"""A server stores what its own user may read, and its group where several servers share a folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OWN = 0o077
"""Takes the rights of everybody else from new files and folders."""
GROUP = 0o007
GROUP_BITS = stat.S_IRGRP | stat.S_IWGRP


def keep_private(*, group_access: bool) -> None:
    """From now on new files and folders of this process are for its user, or for its group as well: those of libraries,
    too, as of SQLite."""
    os.umask(GROUP if group_access else OWN)


def mode_in(folder: Path) -> int:
    """The mode of a new file there: for the group as well where the group may write into the folder."""
    shared = os.stat(folder).st_mode & GROUP_BITS == GROUP_BITS
    return 0o600 | (GROUP_BITS if shared else 0)
