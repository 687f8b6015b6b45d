"""The model catalogue: ours in `engines/catalogue.yaml`, and those that other packages bring.

A package offers models with

    [project.entry-points."stts.models"]
    my_models = "my_package:CATALOGUE"

where CATALOGUE is the path of a YAML file of the same form, or a mapping as that file holds it. An id that is taken
already keeps its first meaning: nobody can put other files in the place of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from engines.installed_points import installed_points
from stts.errors import InvalidConfiguration
from stts.models import CatalogueModel

GROUP = "stts.models"
OWN = Path(__file__).resolve().parents[1] / "catalogue.yaml"

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class KnownModels(Mapping[str, CatalogueModel]):
    """All models by id. Files are read when the first is asked for."""

    def __init__(self, extra: Iterable[EntryPoint] = ()) -> None:
        self._extra = tuple(extra)

    def __getitem__(self, model_id: str) -> CatalogueModel:
        return self._models[model_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    @cached_property
    def _models(self) -> dict[str, CatalogueModel]:
        models = dict(_installed_models())
        for point in self._extra:
            for model in _from(point):
                models.setdefault(model.id, model)
        return models


class OwnModels(Mapping[str, CatalogueModel]):
    """The models of one engine, which are all that it sees, in the server and in a child process alike."""

    def __init__(self, known: Mapping[str, CatalogueModel], engine: str) -> None:
        self._known = known
        self._engine = engine

    def __getitem__(self, model_id: str) -> CatalogueModel:
        model = self._known[model_id]
        if model.engine != self._engine:
            raise KeyError(model_id)
        return model

    def __iter__(self) -> Iterator[str]:
        return (model_id for model_id, model in self._known.items() if model.engine == self._engine)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@cache
def _installed_models() -> Mapping[str, CatalogueModel]:
    """Ours and those of installed packages, read once in a process."""
    models = {model.id: model for model in read(OWN)}
    for point in installed_points(GROUP):
        for model in _from(point):
            models.setdefault(model.id, model)
    return models


def read(source: Path | Mapping[str, Any]) -> list[CatalogueModel]:
    """The models of a catalogue. Raises InvalidConfiguration, and OSError for a file that cannot be read."""
    content = _parsed(source) if isinstance(source, Path) else source
    entries = content.get("models") if isinstance(content, Mapping) else None
    if not isinstance(entries, Mapping):
        raise InvalidConfiguration("A model catalogue is a mapping with the key `models`.")
    return [_model(str(model_id), entry) for model_id, entry in entries.items()]


def _model(model_id: str, entry: object) -> CatalogueModel:
    try:
        return CatalogueModel.model_validate({**(entry if isinstance(entry, Mapping) else {}), "id": model_id})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(["models", model_id, *map(str, first["loc"])])
        raise InvalidConfiguration(f"{path}: {first['msg']}", param=path) from error


def _parsed(path: Path) -> object:
    import yaml

    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        return yaml.load(path.read_text(encoding="utf-8"), loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{path.name} is no YAML file.") from error


def _from(point: EntryPoint) -> list[CatalogueModel]:
    try:
        found = point.load()
        return read(found if isinstance(found, Mapping) else Path(found))
    except Exception as error:  # noqa: BLE001 - a stranger's module: whatever it raises, the other models go on
        log.warning("model_catalogue_left_out", name=point.name, error=type(error).__name__)
        return []
