"""The models of this machine: which there are, fetching and removing them, all by the settings of the operator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import structlog

from adapters.jobs import Job, Jobs, Report
from engines.models.fetching import fetch, join_installed
from engines.models.making import Fetching
from engines.models.pip_settings import pip_settings
from engines.models.store import ModelStore
from engines.models.transport import Transport
from stts.cancellation import Cancellation
from stts.errors import Conflict, STTSError, UnknownModel
from stts.models import CatalogueModel, FolderSource
from stts.models.hub_cache import hub_cache
from stts.models.locate import find
from stts.settings import CurrentSettings

PULL = "pull"
"""Kind of the jobs that fetch models."""
Place = Literal["fetched", "package", "hub_cache", "folder"]
"""Where a model lies: fetched by the server, in an installed package, in the cache of the hub, or in another folder."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ModelStatus:
    model: CatalogueModel
    folder: Path | None
    """The folder that holds it; None: it is not on this machine."""
    place: Place | None
    removable: bool
    """True if the folder of fetched models has something of it, such as what a broken fetch left."""
    job: Job | None
    """The job that fetches it now."""


class ModelLibrary:
    """Blocking work goes to threads. `on_change` is told the engine whose models came or went."""

    def __init__(
        self,
        known: Mapping[str, CatalogueModel],
        settings: CurrentSettings,
        jobs: Jobs,
        in_use: Callable[[str], list[str]],
        on_change: Callable[[str], Awaitable[None]],
    ) -> None:
        """`in_use`: what is to be done before nothing uses the models of an engine, in words."""
        self._known = known
        self._settings = settings
        self._jobs = jobs
        self._in_use = in_use
        self._on_change = on_change

    def model(self, model_id: str) -> CatalogueModel:
        """Raises UnknownModel."""
        if model_id not in self._known:
            raise UnknownModel("There is no such model; GET /models lists them.")
        return self._known[model_id]

    async def status(self, model_id: str) -> ModelStatus:
        """Raises UnknownModel."""
        return await asyncio.to_thread(self._status, self.model(model_id), self._jobs.running(PULL, model_id))

    async def statuses(self) -> list[ModelStatus]:
        # Jobs live in the loop, which changes them while a thread looks at folders.
        pulls = {job.subject: job for job in self._jobs.all() if job.kind == PULL and job.state == "running"}
        return await asyncio.to_thread(
            lambda: [self._status(each, pulls.get(each.id)) for each in self._known.values()]
        )

    def pull(self, model_id: str, owner: str | None = None) -> Job:
        """Starts to fetch a model for a user, or joins the job that does. Raises UnknownModel, Busy, ShuttingDown."""
        model = self.model(model_id)
        return self._jobs.start(PULL, model_id, partial(self._fetch, model), partial(self._tell, model), owner=owner)

    async def pull_wanted(self) -> list[Job]:
        """Starts to fetch those of `models.wanted` that are not here; what cannot be begun is logged."""
        jobs = []
        for name in self._settings().models.wanted:
            try:
                model = self._wanted(name)
                if (await self.status(model.id)).folder is None:
                    jobs.append(self.pull(model.id))
            except STTSError as error:
                log.warning("wanted_model_not_fetched", model=name, error=error.code)
        return jobs

    async def remove(self, model_id: str) -> ModelStatus:
        """Removes a fetched model from our folders; returns what is then.

        Raises UnknownModel; Conflict where it is being fetched, in use, or not ours to remove; StorageFailed.
        """
        model = self.model(model_id)
        if self._jobs.running(PULL, model_id) is not None:
            raise Conflict(f"{model_id} is being fetched; cancel that first.")
        if steps := self._in_use(model.engine):
            raise Conflict(f"{model_id} may be in use: {' and '.join(steps)} first.")
        if not await asyncio.to_thread(self._store().remove, model):
            raise Conflict(f"{model_id} was not fetched by this server, which removes only what it has fetched.")
        await self._tell(model)
        return await self.status(model_id)

    async def join_installed(self) -> None:
        """Joins models that lie in parts in installed packages. What fails is logged."""
        cancellation = Cancellation()
        try:
            for model in await asyncio.to_thread(lambda: list(self._known.values())):
                await self._join(model, cancellation)
        finally:
            # The server may stop meanwhile; the thread is to end then, too.
            cancellation.cancel()

    def _wanted(self, name: str) -> CatalogueModel:
        """By id, or by the voice that it is. Raises UnknownModel."""
        voices = (each for each in self._known.values() if each.id == f"{each.engine}-{name}")
        return self._known.get(name) or next(voices, None) or self.model(name)

    async def _join(self, model: CatalogueModel, cancellation: Cancellation) -> None:
        try:
            joined = await asyncio.to_thread(lambda: join_installed(model, self._fetching(cancellation)))
        except (STTSError, OSError) as error:
            log.warning("model_not_joined", model=model.id, error=_named(error))
            return
        if joined:
            log.info("model_joined", model=model.id)
            await self._tell(model)

    async def _tell(self, model: CatalogueModel) -> None:
        """Tells that the model came or went. That has happened, whatever becomes of the telling."""
        try:
            await self._on_change(model.engine)
        except (STTSError, OSError) as error:
            log.warning("model_change_not_told", model=model.id, engine=model.engine, error=_named(error))

    def _status(self, model: CatalogueModel, job: Job | None) -> ModelStatus:
        settings, store = self._settings().models, self._store()
        folder = find(model, settings.searched)
        mine = store.holding(model)
        place = None if folder is None else "fetched" if folder == mine else _place(model, folder, settings.folders)
        return ModelStatus(model, folder, place, mine is not None or store.leftovers(model), job)

    def _fetch(self, model: CatalogueModel, report: Report, cancellation: Cancellation) -> None:
        """In a thread."""

        def step(doing: str, done: int, total: int | None) -> None:
            report(doing, bytes_done=done, bytes_total=total)

        source = fetch(model, self._fetching(cancellation), step)
        log.info("model_fetched", model=model.id, source=source)

    def _fetching(self, cancellation: Cancellation) -> Fetching:
        """In a thread: pip's settings are read from its files."""
        settings, pip = self._settings().models, pip_settings()
        return Fetching(
            self._store(),
            Transport(pip.certificates, cancellation=cancellation),
            settings.searched,
            (settings.index_url,) if settings.index_url else pip.indexes,
            settings.offline,
            settings.hub,
        )

    def _store(self) -> ModelStore:
        settings = self._settings().models
        return ModelStore(Path(settings.folder).expanduser(), Path(settings.home), settings.quota_bytes)


def _named(error: STTSError | OSError) -> str:
    return error.code if isinstance(error, STTSError) else type(error).__name__


def _place(model: CatalogueModel, folder: Path, folders: tuple[str, ...]) -> Place:
    """Where a folder is that the server has not made."""
    if folder.is_relative_to(hub_cache()):
        return "hub_cache"
    named = [each.folder for each in model.sources if isinstance(each, FolderSource)]
    if any(folder.is_relative_to(Path(each).expanduser()) for each in (*named, *folders)):
        return "folder"
    return "package"
