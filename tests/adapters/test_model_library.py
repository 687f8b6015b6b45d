"""Models in parts of installed packages are joined at the start; where a model lies is told."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from adapters import model_library
from adapters.jobs import Job, Jobs
from adapters.model_library import ModelLibrary
from engines.models.making import Fetching
from stts.access.viewer import SERVER, Viewer
from stts.cancellation import Cancellation
from stts.errors import Conflict
from stts.models import CatalogueModel
from stts.settings import ModelSettings, Settings
from tests.engines.models.index_server import WEIGHTS, WORDS, model
from tests.patient import PATIENCE


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueModel:
    """A model in two parts in an installed package."""
    folder = tmp_path / "site" / "parted_model"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError")
    (folder / "a.bin").write_bytes(WEIGHTS[:9])
    (folder / "b.bin").write_bytes(WEIGHTS[9:])
    (folder / "words.txt").write_bytes(WORDS)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    joined = {"model.bin": ["parted_model/a.bin", "parted_model/b.bin"], "text/words.txt": ["parted_model/words.txt"]}
    return model(sources=[{"packages": {"parted-model": "1.0"}, "joined": joined}])


class Library:
    def __init__(self, known: CatalogueModel, settings: ModelSettings, jobs: Jobs | None = None) -> None:
        self.changed: list[str] = []
        self.refusal: Exception | None = None
        """Raised by the hook."""
        self.jobs = jobs or Jobs()
        fixed = Settings(models=settings)
        self.models = ModelLibrary({known.id: known}, lambda: fixed, self.jobs, lambda _: [], self._change)

    async def _change(self, engine: str) -> None:
        self.changed.append(engine)
        if self.refusal is not None:
            raise self.refusal


async def test_installed_parts_are_joined(parts: CatalogueModel, tmp_path: Path) -> None:
    library = Library(parts, ModelSettings(folder=str(tmp_path / "models"), offline=True))
    assert (await library.models.status("small")).folder is None
    await library.models.join_installed()
    status = await library.models.status("small")
    assert (status.folder, status.place, status.removable) == (tmp_path / "models" / "small", "fetched", True)
    assert library.changed == ["echo"]
    await library.models.join_installed()
    assert library.changed == ["echo"], "it is there"


async def test_a_part_that_is_another_file_joins_nothing(parts: CatalogueModel, tmp_path: Path) -> None:
    part = tmp_path / "site" / "parted_model" / "a.bin"
    part.write_bytes(b"x" * 9)
    library = Library(parts, ModelSettings(folder=str(tmp_path / "models")))
    await library.models.join_installed()
    assert (await library.models.status("small")).folder is None
    assert library.changed == []


async def test_a_folder_of_the_operators_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    mine = tmp_path / "mounted" / "small"
    (mine / "text").mkdir(parents=True)
    (mine / "model.bin").write_bytes(WEIGHTS)
    (mine / "text" / "words.txt").write_bytes(WORDS)
    settings = ModelSettings(folder=str(tmp_path / "models"), folders=(str(tmp_path / "mounted"),))
    status = await Library(model(), settings).models.status("small")
    assert (status.folder, status.place, status.removable) == (mine, "folder", False)


@pytest.mark.parametrize("refusal", [Conflict("It loads."), OSError("disk")], ids=["conflict", "disk"])
async def test_what_the_hook_raises_undoes_nothing(parts: CatalogueModel, tmp_path: Path, refusal: Exception) -> None:
    library = Library(parts, ModelSettings(folder=str(tmp_path / "models"), offline=True))
    library.refusal = refusal
    await library.models.join_installed()
    assert not (await library.models.remove("small")).removable
    job = library.models.pull("small")
    async for _ in job.changes():
        pass
    assert (job.state, job.error) == ("done", None)
    assert library.changed == ["echo"] * 3
    await library.jobs.close()


class OwnedJobs(Jobs):
    """Jobs that only the thread of their loop may look at."""

    def __init__(self) -> None:
        super().__init__()
        self._owner = threading.get_ident()

    def running(self, kind: str, subject: str) -> Job | None:
        assert threading.get_ident() == self._owner
        return super().running(kind, subject)

    def all(self, viewer: Viewer = SERVER) -> list[Job]:
        assert threading.get_ident() == self._owner
        return super().all(viewer)


def held(gate: threading.Event) -> None:
    gate.wait(PATIENCE)


async def test_jobs_are_looked_at_by_their_loop_alone(tmp_path: Path) -> None:
    library = Library(model(), ModelSettings(folder=str(tmp_path / "models")), OwnedJobs())
    gate = threading.Event()
    job = library.jobs.start(model_library.PULL, "small", lambda *_: held(gate))
    assert [each.job for each in await library.models.statuses()] == [job]
    assert (await library.models.status("small")).job is job
    gate.set()
    await library.jobs.close()


async def test_a_disk_that_fails_ends_no_start(
    parts: CatalogueModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: CatalogueModel, __: Fetching) -> bool:
        raise OSError("stale handle")

    monkeypatch.setattr(model_library, "join_installed", broken)
    library = Library(parts, ModelSettings(folder=str(tmp_path / "models")))
    await library.models.join_installed()
    assert library.changed == []


async def test_a_join_that_is_left_is_cancelled(
    parts: CatalogueModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, seen = threading.Event(), []

    def held(_: CatalogueModel, how: Fetching) -> bool:
        seen.append(how.transport.cancellation)
        asked.set()
        how.transport.cancellation.pause(PATIENCE)
        return True

    monkeypatch.setattr(model_library, "join_installed", held)
    library = Library(parts, ModelSettings(folder=str(tmp_path / "models")))
    joining = asyncio.create_task(library.models.join_installed())
    await asyncio.to_thread(asked.wait, PATIENCE)
    joining.cancel()
    await asyncio.wait([joining])
    (cancellation,) = seen
    assert isinstance(cancellation, Cancellation) and cancellation.cancelled


@pytest.mark.parametrize("wanted", ["small", "voice"])
async def test_wanted_models_are_fetched_by_id_or_by_the_voice_that_they_are(
    parts: CatalogueModel, tmp_path: Path, wanted: str
) -> None:
    known = parts if wanted == "small" else parts.model_copy(update={"id": f"{parts.engine}-voice"})
    settings = ModelSettings(folder=str(tmp_path / "models"), wanted=(wanted, "nobody"))
    library = Library(known, settings)
    (job,) = await library.models.pull_wanted()
    assert job.subject == known.id
    await library.jobs.close()


async def test_wanted_models_that_are_here_are_left_alone(parts: CatalogueModel, tmp_path: Path) -> None:
    library = Library(parts, ModelSettings(folder=str(tmp_path / "models"), offline=True, wanted=("small",)))
    await library.models.join_installed()
    assert await library.models.pull_wanted() == []
