"""The work of services between start and stop: preload and warm-up of engines, cleanup of files, resource samples."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog

from adapters.preloading import preload, warm_up
from middleware.serving.deferred_models import build_models
from middleware.serving.lifecycle import Lifecycle
from routers.followed import follow
from routers.key_service import close_stores, serve_keys, serve_quotas
from routers.removals import Removals
from routers.services import Services
from stts.cache.stored import Selection
from stts.storage.files.records import StoredFile
from stts.storage.files.store import FileStore
from stts.tracebacks import describe

CLEANUP_SECONDS = 600.0
"""Between two looks for expired files."""

JOIN_SECONDS = 10.0
"""Longest wait of the engines that are loaded at the start for models that are being joined."""

FIRST_ANSWERS_SECONDS = 0.5
"""The database is left alone for so long after all listeners accept: to open it takes a third of a start, in a thread
that shares the interpreter with the first answers."""

RESTART_SECONDS = 2.0
"""Between the death of work that never ends by itself and its new beginning."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Runs what services do by themselves. At the end all engines are closed, unless the end is to be at once."""
    lifecycle = services.lifecycle
    lifecycle.phase = "starting"
    if services.peers is not None:
        follow(services)
        await services.peers.open()
    if services.access.shared_limits is not None:
        await services.access.shared_limits.open()
    services.files.removed_voices.on_removed.append(partial(_forget_speech, services, asyncio.get_running_loop()))
    async with services.resources.sampling():
        tasks = [
            asyncio.create_task(_prepare(services), name="prepare"),
            asyncio.create_task(_expire_files(services.files), name="expire files"),
            asyncio.create_task(after_first_answers(lifecycle, services.cache.open), name="open cache"),
            asyncio.create_task(services.engines.residency.run(), name="residency"),
        ]
        tasks += [asyncio.create_task(kept_running(name, work)) for name, work in _endless(services).items()]
        for task in tasks:
            task.add_done_callback(_log_death)
        try:
            yield
        finally:
            lifecycle.phase = "draining"
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await services.jobs.close()
            await services.batches.runner.close()
            await services.batches.binder.close()
            services.environments.close()
            await close_stores(services)
            if services.access.shared_limits is not None:
                await services.access.shared_limits.close()
            if services.peers is not None:
                await services.peers.close()
            if services.tracer is not None and not lifecycle.at_once:
                await asyncio.to_thread(services.tracer.close)
            if not lifecycle.at_once:
                await services.replies.close()
                await services.operations.stop()
                await services.engines.close()
                await services.operations.close()
                await services.cache.close()


def _forget_speech(services: Services, loop: asyncio.AbstractEventLoop, voice: StoredFile, digest: str) -> None:
    """Removes from the cache what was spoken with a recording that is gone. In a thread."""
    if digest:
        asyncio.run_coroutine_threadsafe(services.cache.remove(Selection(voice=digest)), loop)


def _endless(services: Services) -> dict[str, Callable[[], Awaitable[None]]]:
    """Work with the database and with Redis that never ends by itself, by name."""
    work: dict[str, Callable[[], Awaitable[None]]] = {"quotas": partial(serve_quotas, services)}
    work["jobs"] = partial(after_first_answers, services.lifecycle, services.batches.runner.run)
    if services.access.directory is not None:
        keys = partial(serve_keys, services, services.access.directory)
        work["keys"] = partial(after_first_answers, services.lifecycle, keys)
        work["ends of keys"] = services.access.directory.watch
        removals = Removals(services, services.access.directory)
        work["removals of data"] = removals.run
        work["removals that a disk refused"] = removals.retry
    if services.access.usage is not None:
        work["usage"] = services.access.usage.run
    if services.access.audit is not None:
        work["audit"] = partial(after_first_answers, services.lifecycle, services.access.audit.run)
    if services.access.shared_limits is not None:
        work |= services.access.shared_limits.endless()
    return work


async def after_first_answers(lifecycle: Lifecycle, work: Callable[[], Awaitable[None]]) -> None:
    """Opens the database once the server has had time for its first answers; who comes with a key opens it at once."""
    await lifecycle.answering.wait()
    await asyncio.sleep(FIRST_ANSWERS_SECONDS)
    await work()


async def kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Runs it for ever: where an error that nobody foresaw ends it, that is logged and it begins anew."""

    async def once() -> None:
        await work()

    while True:
        task = asyncio.create_task(once(), name=name)
        task.add_done_callback(_log_death)
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
            await asyncio.wait([task])
        await asyncio.sleep(RESTART_SECONDS)


OWN_PACKAGES = frozenset({"adapters", "engines", "routers", "stts"})


async def _prepare(services: Services) -> None:
    await build_models(OWN_PACKAGES)
    for hook in services.lifecycle.on_start:
        await hook()
    await services.replies.prepare()
    await services.selection.prepare()
    async with _joining(services):
        await preload(services.engines, services.settings)
        if services.lifecycle.phase == "starting":
            services.lifecycle.phase = "ready"
        for name, install in (await services.engines.missing()).items():
            log.warning("engine_missing", engine=name, install=install)
        await warm_up(services.engines)
    await services.model_library.pull_wanted()


@asynccontextmanager
async def _joining(services: Services) -> AsyncIterator[None]:
    """Joins models of installed packages: engines wait for that a moment, and the server no longer."""
    joining = asyncio.create_task(services.model_library.join_installed(), name="join models")
    joining.add_done_callback(_log_death)
    try:
        await asyncio.wait([joining], timeout=JOIN_SECONDS)
        yield
        await asyncio.wait([joining])
    finally:
        joining.cancel()
        await asyncio.wait([joining])


def _log_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task_died", task=task.get_name(), traceback=describe(error, with_messages=False))


async def _expire_files(files: FileStore) -> None:
    """Removes what has expired, now and then. A disk in trouble is no reason to stop speaking."""
    while True:
        try:
            await asyncio.to_thread(files.expire)
        except OSError as error:
            log.warning("cleanup_failed", error=type(error).__name__, errno=error.errno)
        await asyncio.sleep(CLEANUP_SECONDS)
