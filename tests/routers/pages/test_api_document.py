"""The examples of /docs, sent as they stand, to a server with the engines that come with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from routers.pages.api_document import BODIES, INTRODUCTION, QUERIES
from stts.settings import Settings, StorageSettings
from tests import patient
from tests.audio import speech
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

SENT = [(method, path, name) for (method, path), bodies in BODIES.items() for name in bodies]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "config.yaml").write_text(f"storage:\n  root: {folder / 'data'}\n")
    config = ConfigAdapter.load(folder / "config.yaml", {}, None)
    with running(config.current(), Registry(), config) as server:
        yield server


@pytest.fixture(scope="module")
def document(server: RunningServer) -> dict[str, Any]:
    answer: dict[str, Any] = patient.get(f"{server.url}/openapi.json").json()
    return answer


def test_it_says_what_the_server_is_for(document: dict[str, Any]) -> None:
    assert document["info"]["description"] == INTRODUCTION


def test_every_json_body_has_an_example(document: dict[str, Any]) -> None:
    """But for bodies that carry audio, whose samples would be long."""
    without = {
        (method, path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "examples"
        not in operation.get("requestBody", {}).get("content", {}).get("application/json", {"examples": 0})
    }
    assert without <= {("post", "/v1/audio/transcriptions"), ("post", "/v1/audio/translations")}


@pytest.mark.parametrize(("method", "path", "name"), SENT)
def test_an_example_works_when_it_is_sent(
    server: RunningServer, document: dict[str, Any], method: str, path: str, name: str
) -> None:
    shown = document["paths"][path][method]["requestBody"]["content"]["application/json"]["examples"][name]["value"]
    if "{key_id}" in path:
        made = patient.post(f"{server.url}/admin/keys", json={"name": "example", "subjects": {}})
        path = path.format(key_id=made.json()["id"], name="anna")
    elif "{consent_id}" in path:
        form = {"name": "example", "language": "en-US"}
        made = patient.post(f"{server.url}/v1/audio/voice_consents", files={"recording": speech()}, data=form)
        path = path.format(consent_id=made.json()["id"])
    elif "{file_id}" in path or "{voice_id}" in path:
        form = {"kind": "references", "name": f"{path.count('voice')} {name}"}
        kept = patient.post(f"{server.url}/files", files={"file": speech()}, data=form).json()["id"]
        path = path.format(file_id=kept, voice_id=kept)
    answer = patient.request(method, f"{server.url}{path}", json=shown)
    assert answer.status_code in (200, 201, 202), answer.text
    assert answer.content


@pytest.mark.parametrize(("method", "path"), QUERIES)
def test_the_query_shown_works(server: RunningServer, document: dict[str, Any], method: str, path: str) -> None:
    shown = {
        each["name"]: each["example"] for each in document["paths"][path][method]["parameters"] if "example" in each
    }
    answer = patient.request(method, f"{server.url}{path}", params=shown)
    assert answer.status_code == 200 and answer.content[:4] == b"RIFF"


def test_no_route_of_a_smaller_app_is_needed(tmp_path: Path) -> None:
    """Without a configuration file there are no routes for it, and the document is made all the same."""
    with running(Settings(storage=StorageSettings(root=str(tmp_path)))) as server:
        assert "/config" not in patient.get(f"{server.url}/openapi.json").json()["paths"]
