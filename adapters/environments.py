"""Environments of engines that run as workers: what an installation would fetch, installing and removing, as jobs."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from adapters.catalogue import EngineCatalogue
from adapters.estimates import Estimates
from adapters.execution.instance import EngineInstance
from adapters.jobs import Job, Jobs, Report
from engines.environments.environment import Environment
from engines.environments.estimate import Estimate
from engines.environments.installer import clear_outdated, install, uninstall
from stts.cancellation import Cancellation
from stts.errors import Conflict, NotFound, StorageFailed, UnknownEngine

KIND = "install"
"""Kind of the jobs."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class EngineEnvironments:
    """Engines with the same list of requirements share an environment; whatever is done for one is done for all."""

    def __init__(self, engines: EngineCatalogue, jobs: Jobs) -> None:
        self._engines = engines
        self._jobs = jobs
        self._estimates = Estimates()

    def environment(self, name: str) -> Environment:
        """The environment of an engine. Raises NotFound for engines that there are not, or that have none."""
        try:
            environment = self._engines.instance(name).environment
        except UnknownEngine:
            raise NotFound("There is no such engine; GET /engines lists them.") from None
        if environment is None:
            raise NotFound(f"{name} has no environment of its own: it is installed with the server.")
        return environment

    async def estimate(self, name: str) -> Estimate:
        """Estimates what an installation would fetch. Raises as `environment`, EngineInstallFailed, ShuttingDown."""
        return await self._estimates.of(self.environment(name))

    def install(self, name: str, owner: str | None = None) -> Job:
        """Starts the installation for a user, or finds the one that runs. Raises as `environment`, and Busy."""
        environment = self.environment(name)
        known = self._estimates.known(environment)

        def work(report: Report, cancellation: Cancellation) -> None:
            install(environment, progress=report, known=known, cancellation=cancellation)

        return self._jobs.start(KIND, environment.name, work, partial(self._installed, environment), owner=owner)

    async def remove(self, name: str) -> None:
        """Removes the environment. Raises as `environment`, and Conflict while an engine in it works, has live
        sessions open, or it is made."""
        environment = self.environment(name)
        if self._jobs.running(KIND, environment.name) is not None:
            raise Conflict(f"{name} is being installed; cancel that job first.")
        names = sorted({instance.name for instance in self._sharing(environment)})
        if live := [each for each in names if self._engines.has_live_sessions(each)]:
            raise Conflict(f"Live sessions of {', '.join(live)} are open: close them first.")
        for each in names:
            await self._engines.unload(each)
        await asyncio.to_thread(uninstall, environment)
        self._look_again(environment)

    def close(self) -> None:
        """Called when nobody asks any more."""
        self._estimates.close()

    async def _installed(self, environment: Environment) -> None:
        """Engines that run in an earlier one go on there until they are unloaded."""
        sharing = self._sharing(environment)
        if not any(instance.state in ("ready", "loading") for instance in sharing):
            try:
                await asyncio.to_thread(clear_outdated, environment)
            except StorageFailed as error:
                # What was asked for is installed, whatever else lies there.
                log.warning("outdated_environment_kept", environment=environment.name, code=error.code)
        self._look_again(environment)

    def _look_again(self, environment: Environment) -> None:
        for instance in self._sharing(environment):
            instance.lifecycle.look_again()

    def _sharing(self, environment: Environment) -> list[EngineInstance[object]]:  # type: ignore[type-var]
        """Instances in this environment, live hosts among them."""
        every = [each.instance for each in self._engines.residents()]
        return [each for each in every if each.environment is not None and each.environment.name == environment.name]
