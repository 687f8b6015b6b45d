"""Fetches the model of tests as the server does, and looks at what has come."""

from __future__ import annotations

from pathlib import Path

from engines.models.fetching import fetch
from engines.models.making import Fetching
from engines.models.store import ModelStore
from engines.models.transport import Transport
from stts.models import CatalogueModel
from stts.models.digest import undamaged
from tests.engines.models.index_server import Index, model


def fetching(index: Index, folder: Path, *, quota: int = 0, **changes: object) -> Fetching:
    store = ModelStore(folder, folder / "home", quota)
    made = Fetching(
        store, Transport(silence_seconds=5.0, pause_seconds=0.0), (str(folder), str(folder / "home")), (index.simple,)
    )
    return Fetching(**{**{name: getattr(made, name) for name in made.__slots__}, **changes})


def run(wanted: CatalogueModel, how: Fetching) -> str:
    return fetch(wanted, how, lambda *_: None)


def check(folder: Path) -> None:
    """Asserts that the folder holds the model, and that nothing is left of its making."""
    assert undamaged(model(), [str(folder)]) == folder / "small"
    assert {path.name for path in (folder / ".partial").iterdir()} == {"small.lock"}
    assert {path.name for path in (folder / "small").iterdir()} == {"model.bin", "text"}
