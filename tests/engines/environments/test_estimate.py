"""An estimate asks what would be fetched, and fetches none of it."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from engines.environments import tools
from engines.environments.estimate import UNKNOWN, estimate
from engines.environments.tools import FRUGAL_PIP
from stts.cancellation import Cancellation
from tests.engines.environments.conftest import Made
from tests.engines.environments.package_index import VOICE

pytestmark = pytest.mark.socket

OWN = tuple(int(part) for part in version("pip").split(".")[:2])
"""Version of the pip of this interpreter."""


@pytest.fixture
def fetched(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the files that an index on loopback was asked for; it tells the metadata of each, as PyPI does."""
    names: list[str] = []
    folder = tmp_path / "simple"
    for wheel in index.glob("*.whl"):
        _offer(folder, wheel)

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            names.append(self.path.rpartition("/")[2])
            super().do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            monkeypatch.delenv(name, raising=False)
        yield names
        server.shutdown()
        thread.join()


def _offer(folder: Path, wheel: Path) -> None:
    """Adds a wheel to the page of its project."""
    project = folder / wheel.name.split("-")[0].replace("_", "-")
    project.mkdir(parents=True, exist_ok=True)
    (project / wheel.name).write_bytes(wheel.read_bytes())
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        (project / f"{wheel.name}.metadata").write_bytes(archive.read(name))
    with (project / "index.html").open("a") as page:
        page.write(f'<a href="{wheel.name}" data-dist-info-metadata="true" data-core-metadata="true">.</a>')


def asked(made: Made) -> dict[str, int | None]:
    """Bytes of each package."""
    environment = made()
    found = estimate(environment.requirements, environment.python, Cancellation())
    return {package.name: package.bytes for package in found.packages}


@pytest.mark.usefixtures("offline")
def test_a_pip_that_would_fetch_all_gets_a_newer_one_first(
    environment: Made, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "FRUGAL_PIP", ((26, 99), FRUGAL_PIP[1]))
    wheel = next(index.glob("stts_test_voice-1.5-*.whl"))
    assert asked(environment)[VOICE] == wheel.stat().st_size


@pytest.mark.usefixtures("offline")
def test_without_a_newer_one_nobody_can_say(environment: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "FRUGAL_PIP", ((98,), (99,)))
    made = environment()
    assert estimate(made.requirements, made.python, Cancellation()) == UNKNOWN


@pytest.mark.skipif(not FRUGAL_PIP[0] <= OWN < FRUGAL_PIP[1], reason="needs a pip that resolves by metadata alone")
@pytest.mark.usefixtures("offline")
def test_no_file_is_fetched_before_anybody_was_asked(environment: Made, index: Path, fetched: list[str]) -> None:
    sizes = asked(environment)
    assert sizes[VOICE] == next(index.glob("stts_test_voice-1.5-*.whl")).stat().st_size
    assert "stts_test_voice-1.5-py3-none-any.whl.metadata" in fetched
    assert not [name for name in fetched if name.endswith(".whl")]
