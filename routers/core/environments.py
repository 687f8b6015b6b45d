"""/engines/{name}/install: the environments of engines that run as workers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request, Response
from pydantic import BaseModel, Field

from adapters.environments import EngineEnvironments
from engines.environments.environment import EnvironmentState
from routers.http.deferred_route import deferred_router
from routers.http.jobs import STARTED, JobShape, started
from routers.http.operation import principal_of
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role

EngineName = Annotated[str, Path(max_length=200)]
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such engine, or it has no environment of its own."}
}
REFUSED: dict[int | str, dict[str, Any]] = {
    **NOT_FOUND,
    409: {"description": "An engine in it is at work, or it is being installed."},
}
FAILED: dict[int | str, dict[str, Any]] = {
    **NOT_FOUND,
    502: {"description": "The package index does not have all of it, or cannot be reached."},
}


class PackageShape(BaseModel):
    name: str
    version: str
    bytes: int | None = Field(None, description="Size of the file that is fetched; null: unknown.")


class InstallShape(BaseModel):
    environment: str = Field(description="Its name; engines with the same requirements share one.")
    state: EnvironmentState = Field(description="`outdated`: made of other requirements than today's, and still used.")
    folder: str | None = Field(None, description="Where it is installed.")
    download_bytes: int | None = Field(None, description="What an installation would fetch at most; null: unknown.")
    packages: list[PackageShape] = Field(description="What would be installed, or what is.")


class EnvironmentRoutes:
    def __init__(self, environments: EngineEnvironments) -> None:
        self._environments = environments
        self.router = deferred_router("engines")
        path, add = "/engines/{name}/install", self.router.add_api_route
        add(path, self.show, methods=["GET"], response_model=InstallShape, responses=FAILED)
        add(
            path,
            self.install,
            methods=["POST"],
            response_model=JobShape,
            status_code=202,
            responses={**NOT_FOUND, **STARTED},
        )
        add(path, self.remove, methods=["DELETE"], response_model=InstallShape, responses=REFUSED)

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def show(self, name: EngineName) -> InstallShape:
        """Tells the installation of the environment, or what one would fetch, for which the index is asked."""
        installed = self._shown(name)
        if installed.state != "absent":
            return installed
        plan = await self._environments.estimate(name)
        packages = [PackageShape(name=each.name, version=each.version, bytes=each.bytes) for each in plan.packages]
        return installed.model_copy(update={"download_bytes": plan.download_bytes, "packages": packages})

    @policy(RouteKind.MANAGE, action=Action.ENGINE_INSTALL)
    async def install(self, request: Request, name: EngineName) -> Response:
        """Installs it as a job. One that is installed already is left as it is, and an outdated one replaced."""
        return started(self._environments.install(name, principal_of(request).viewer.user_id))

    @policy(RouteKind.MANAGE, action=Action.ENGINE_REMOVE)
    async def remove(self, name: EngineName) -> InstallShape:
        """Unloads the engines in it and removes it."""
        await self._environments.remove(name)
        return self._shown(name)

    def _shown(self, name: str) -> InstallShape:
        environment = self._environments.environment(name)
        found = environment.find()
        packages = [] if found is None else [each.partition("==") for each in found.packages]
        return InstallShape(
            environment=environment.name,
            state=environment.state,
            folder=None if found is None else str(found.folder),
            download_bytes=None if found is None else 0,
            packages=[PackageShape(name=package, version=version, bytes=None) for package, _, version in packages],
        )
