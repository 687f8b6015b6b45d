"""The methods by which an engine gets at the files of its models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel

from stts.errors import EngineWeightsMissing
from stts.models.digest import how, undamaged, verify
from stts.models.locate import find
from stts.models.values import CatalogueModel

NONE: Mapping[str, CatalogueModel] = MappingProxyType({})


class ModelAccess:
    """Base of engines. The registry sets the attributes, in the server and in a child process alike."""

    model_folders: tuple[str, ...] = ()
    """Folders in which models lie under their ids, searched first to last after the installed packages."""
    known_models: Mapping[str, CatalogueModel] = NONE
    """The models of the catalogue that are this engine's, by id."""
    offline = False
    """True if the operator wants no weights to be fetched: `load()` does with what is on this disk."""

    options: BaseModel
    """The operator's settings of the engine."""

    def fetches(self) -> bool:
        """True if `load()` fetches weights that are not there; else they come from the catalogue, or the operator."""
        return not self.known_models and not self.offline

    def wanted_model(self) -> CatalogueModel | None:
        """The model of the catalogue with which `load()` would do; None: an option names something else. Cheap."""
        named = getattr(self.options, "model", None)
        if named is None:
            return next(iter(self.known_models.values()), None)
        return self.known_models.get(named)

    def find_model(self, model_id: str) -> Path | None:
        """The folder that holds all files of a model in their right sizes, or None. Cheap: nothing is read."""
        model = self.known_models.get(model_id)
        return None if model is None else find(model, self.model_folders)

    def require_model(self, model_id: str) -> Path:
        """The folder of a model, each of its files checked by digest, once a process. For `load()`.

        Raises EngineWeightsMissing: it is not on this disk, and how to get it, or which file is damaged.
        """
        model = self.known_models.get(model_id)
        if model is None:
            raise EngineWeightsMissing(f"There is no model {model_id} for this engine in the model catalogue.")
        folder = undamaged(model, self.model_folders)
        if folder is not None:
            return folder
        if (damaged := find(model, self.model_folders)) is not None:
            verify(model, damaged)
        raise EngineWeightsMissing(f"The model {model_id} is not on this disk: {how(model)}.")

    def find_weights(self, option: str | None, *files: str) -> Path | None:
        """The folder that an option names: a path with these files, or a model by its id; None: it is not here."""
        return _own_folder(option, files) or (self.find_model(option) if option else None)

    def require_weights(self, option: str, *files: str) -> Path:
        """The same for `load()`. Raises EngineWeightsMissing as `require_model` does."""
        return _own_folder(option, files) or self.require_model(option)


def _own_folder(option: str | None, files: Sequence[str]) -> Path | None:
    folder = Path(option).expanduser() if option else None
    if folder is None or not folder.is_dir():
        return None
    return folder if all((folder / each).is_file() for each in files) else None
