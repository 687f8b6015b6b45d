"""Files on disk: their folder, sizes, quotas and ages."""

from __future__ import annotations

import os

from stts.settings.section import Section, live, protected


class StorageSettings(Section):
    root: str = protected("Folder of references, uploads and outputs.", default="data")
    home_when_read_only: bool = protected(
        "Use a folder in the home folder where `root` cannot be written to.", default=False
    )
    group_access: bool = protected(
        "Let the group of the server read and write what it stores, where servers of several users share `root`.",
        default=False,
    )
    file_bytes: int = live("Largest stored file.", default=100_000_000, ge=1024)
    reference_seconds: float = live("Longest stored reference recording.", default=300.0, gt=0)
    references_bytes: int = live("Quota of kind references.", default=2_000_000_000, ge=0)
    uploads_bytes: int = live("Quota of kind uploads.", default=2_000_000_000, ge=0)
    outputs_bytes: int = live("Quota of kind outputs; the oldest go first.", default=5_000_000_000, ge=0)
    consents_bytes: int = live("Quota of kind consents.", default=1_000_000_000, ge=0)
    user_bytes: int = live(
        "Quota of all files of one user together, on top of those of the kinds. 0: none.", default=0, ge=0
    )
    require_consent: bool = live("Refuse reference recordings that come without a consent.", default=False)
    output_hours: float = live("Age at which outputs expire.", default=168.0, gt=0)
    temp_hours: float = live("Age at which abandoned temporary files are removed.", default=1.0, gt=0)

    @property
    def home(self) -> str:
        """The folder that stands in for `root`."""
        data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
        return os.path.join(data, "stts", "storage")
