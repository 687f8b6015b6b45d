"""/config: what the configuration is, and changing it while the server runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Request

from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.reports import ChangeReport
from middleware.edge.auditing import note_audit
from routers.http.deferred_route import deferred_router
from routers.management.config_schemas import ChangeShape, ConfigurationShape, SettingShape, ValidationShape
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.errors import Forbidden, InvalidConfiguration

Changes = Annotated[
    dict[str, Any],
    Body(
        description="Nested or dotted keys; null brings a default back, or takes an entry out of a mapping.",
        examples=[{"limits": {"queue_length": 32}}, {"limits.queue_length": 32}],
    ),
]

REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "A key that cannot be changed over HTTP."},
    422: {"description": "An unknown key, or a value that is not allowed."},
    507: {"description": "The changes cannot be saved."},
}


class ConfigRoutes:
    def __init__(self, config: ConfigAdapter) -> None:
        self._config = config
        self.router = deferred_router("configuration")
        add = self.router.add_api_route
        add("/config", self.show, methods=["GET"], response_model=ConfigurationShape)
        add("/config", self.patch, methods=["PATCH"], response_model=ChangeShape, responses=REFUSED)
        add("/config/schema", self.schema, methods=["GET"], response_model=dict[str, Any])
        add("/config/validate", self.validate, methods=["POST"], response_model=ValidationShape)
        add("/config/reload", self.reload, methods=["POST"], response_model=ChangeShape, responses={422: REFUSED[422]})

    @policy(RouteKind.MANAGE)
    async def show(self) -> ConfigurationShape:
        """Every key with its value, where that comes from, and when a change takes effect."""
        return ConfigurationShape(settings={state.name: SettingShape.of(state) for state in self._config.describe()})

    @policy(RouteKind.MANAGE)
    async def schema(self) -> dict[str, Any]:
        """The JSON schema of the configuration."""
        return self._config.schema()

    @policy(RouteKind.MANAGE)
    async def validate(self, changes: Changes) -> ValidationShape:
        """What a PATCH with this body would do."""
        try:
            return ValidationShape.good(await self._config.validate(changes))
        except (InvalidConfiguration, Forbidden) as error:
            return ValidationShape.bad(error)

    @policy(RouteKind.MANAGE, action=Action.CONFIG_CHANGE)
    async def patch(self, request: Request, changes: Changes) -> ChangeShape:
        """Checks, saves and puts into effect all of the changes, or none."""
        return _told(request, await self._config.patch(changes))

    @policy(RouteKind.MANAGE, action=Action.CONFIG_RELOAD)
    async def reload(self, request: Request) -> ChangeShape:
        """Reads file, `.env` and environment again. What is not valid changes nothing."""
        return _told(request, await self._config.reload())


def _told(request: Request, report: ChangeReport) -> ChangeShape:
    changes = {name: {"old": old, "new": new} for name, (old, new) in report.values.items()}
    note_audit(request, changes=changes, overridden=report.overridden)
    return ChangeShape.of(report)
