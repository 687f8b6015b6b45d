"""Whatever a client sends to any documented operation, it gets a documented answer, and the server goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.configuration.adapter import ConfigAdapter
from clients.endpoints import CHECKS
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import running

if TYPE_CHECKING:
    # Every worker imports this file, and only the one that has its tests needs the library, which takes a second.
    import schemathesis
    from schemathesis import BaseSchema

pytestmark = pytest.mark.socket

EXAMPLES = 12
"""An operation; the nightly number is whatever patience allows."""

CONFIG = """
tts:
  order: [tone]
stt:
  order: [echo]
models:
  offline: true
limits:
  text_characters: 2000
  audio_seconds: 60.0
  queue_seconds: 120.0
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    import schemathesis

    config = make_config(tmp_path_factory.mktemp("api"))
    with running(config.current(), registry(), config) as server:
        yield schemathesis.openapi.from_url(f"{server.url}/openapi.json", timeout=PATIENCE)


def make_config(folder: Path) -> ConfigAdapter:
    file = folder / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return ConfigAdapter.load(file, {"STTS_STORAGE__ROOT": str(folder / "data")}, None)


ENDLESS = ("get", "/analytics/live")
OPERATIONS = [each for each in ((method.lower(), path) for method, path in CHECKS) if each != ENDLESS]
"""Method and path. From a list, since every worker imports this file: the document takes seconds of each."""


def test_each_documented_operation_is_tried(api: BaseSchema) -> None:
    documented = {(method, path) for path, methods in api.raw_schema["paths"].items() for method in methods}
    assert documented == {*OPERATIONS, ENDLESS}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation(method: str, path: str, api: BaseSchema) -> None:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    operation = api[path][method.upper()]

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def run(case: schemathesis.Case[Any]) -> None:
        excluded: list[Any] = [positive_data_acceptance, not_a_server_error]
        answer = case.call_and_validate(excluded_checks=excluded, timeout=PATIENCE)
        # A name that is drawn may be that of an engine which is not installed here.
        assert answer.status_code < 500 or answer.json()["code"] == "engine_not_installed", answer.text

    run()
