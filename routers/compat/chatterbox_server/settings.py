"""POST /save_settings and /reset_settings: that system's settings of speech, as changes of this listener's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.reports import ChangeReport
from adapters.parameters import check_language, validated
from middleware.edge.auditing import note_audit
from middleware.listener import ListenerSettings
from routers.compat.chatterbox_server.model import Models
from routers.compat.chatterbox_server.models_named import engine_named
from routers.compat.chatterbox_server.schemas import Generation, Status
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.services import Services
from routers.sockets.messages import invalid
from stts.access.audit import Action
from stts.access.permission import Permission
from stts.access.policy import RouteKind, policy
from stts.errors import EngineNotInstalled, Forbidden, InvalidParameter

PARAMETERS = ("temperature", "exaggeration", "cfg_weight")
PLACES = {
    ("model", "repo_id"): "engine",
    ("tts_engine", "default_voice_id"): "voice",
    ("generation_defaults", "language"): "language",
    ("audio_output", "format"): "format",
    ("audio_output", "sample_rate"): "sample_rate",
}
"""Section and key of that system -> key of `listeners.NAME.output`."""
FIXED = "The settings of this listener are not changed over HTTP: they are in the configuration of the server."
SAVED = "Settings saved successfully."
NOTHING = "Nothing of this is a setting of this server: what a page shows is not kept here."
RESET = "Configuration reset to defaults."


class SettingRoutes:
    def __init__(self, services: Services, listener: ListenerSettings, models: Models) -> None:
        self._models = models
        self._config = services.config
        self._settings = services.settings
        self._name = listener.name
        self.router = deferred_router("Chatterbox-TTS-Server")
        add = self.router.add_api_route
        add("/save_settings", self.save, methods=["POST"], response_model=Status, summary="Change defaults of speech")
        add("/reset_settings", self.reset, methods=["POST"], response_model=Status, summary="Take changes back")

    @policy(RouteKind.MANAGE, action=Action.CONFIG_CHANGE)
    async def save(self, request: Request, settings: dict[str, Any]) -> Status:
        """Addresses, paths, and all that a page shows are passed over: they are no defaults of speech."""
        output = _output(settings)
        if not output:
            return Status(message=NOTHING)
        changeable = self._changeable()
        await self._check(output, principal_of(request).permission)
        report = await changeable.patch({"listeners": {self._name: {"output": output}}})
        self._note(request, report)
        return Status(message=SAVED)

    @policy(RouteKind.MANAGE, action=Action.CONFIG_CHANGE)
    async def reset(self, request: Request) -> Status:
        """The defaults of speech are those of the configuration and its profile again."""
        self._note(request, await self._changeable().restore(("listeners", self._name, "output")))
        return Status(message=RESET)

    async def _check(self, output: Mapping[str, Any], permission: Permission) -> None:
        """Raises InvalidParameter for a value with which every later text would be refused."""
        parameters = output.get("parameters", {})
        try:
            Generation.model_validate({**parameters, "language": output.get("language")})
        except ValidationError as error:
            raise invalid(error) from None
        with suppress(EngineNotInstalled):
            engine = await self._models.named(output.get("engine"), permission)
            try:
                validated(engine.parameters, parameters, ignore_unknown=True)
                check_language(engine.info, output.get("language"))
            except InvalidParameter as error:
                raise InvalidParameter(f"{error.param}: {error.message}", param=error.param) from None

    def _changeable(self) -> ConfigAdapter:
        """Raises Forbidden where the settings are fixed."""
        if self._config is None or self._name not in self._settings().listeners:
            raise Forbidden(FIXED)
        return self._config

    def _note(self, request: Request, report: ChangeReport) -> None:
        changes = {name: {"old": old, "new": new} for name, (old, new) in report.values.items()}
        note_audit(request, changes=changes, overridden=report.overridden)


def _output(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the settings that are defaults of speech."""
    output = {
        ours: value for (section, key), ours in PLACES.items() if (value := _said(settings, section, key)) is not None
    }
    if isinstance(engine := output.get("engine"), str):
        output["engine"] = engine_named(engine)
    sent = {name: _said(settings, "generation_defaults", name) for name in PARAMETERS}
    if parameters := {name: value for name, value in sent.items() if value is not None}:
        output["parameters"] = parameters
    return output


def _said(settings: Mapping[str, Any], section: str, key: str) -> Any:
    values = settings.get(section)
    return values.get(key) if isinstance(values, Mapping) else None
