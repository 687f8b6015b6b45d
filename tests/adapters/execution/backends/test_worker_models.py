"""A worker's engine finds the models that the server's would, whatever its own environment brings."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from adapters.execution.backends import worker
from adapters.execution.backends.wire import WorkerSpec
from engines.models.catalogue import KnownModels
from tests.adapters.execution.engines_under_test import registry


def test_the_catalogue_and_the_folders_travel_to_a_worker() -> None:
    models = KnownModels()
    spec = WorkerSpec(
        Path(sys.executable),
        registry().target("script"),
        {},
        model_folders=("a", "b"),
        known_models=models,
        offline=True,
    )
    engine = worker._make(*json.loads(json.dumps(spec.to_plain())))
    assert dict(engine.known_models) == dict(models)
    assert (engine.model_folders, engine.offline) == (("a", "b"), True)
