"""The lists of voices, and all that the page of that system asks for at once."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from middleware.listener import ListenerSettings
from routers.compat.chatterbox_server.model import ModelRoutes
from routers.compat.chatterbox_server.schemas import InitialData, ListedVoice, ListedVoices, PredefinedVoice
from routers.compat.chatterbox_server.voices import Voices
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role

RESULT = ("outputUrl", "filename", "genTime", "submittedVoiceMode", "submittedPredefinedVoice", "submittedCloneFile")


class ListRoutes:
    def __init__(self, listener: ListenerSettings, voices: Voices, model: ModelRoutes) -> None:
        self._listener = listener
        self._voices = voices
        self._model = model
        self.router = deferred_router("Chatterbox-TTS-Server")
        add = self.router.add_api_route
        add(
            "/get_predefined_voices",
            self.predefined,
            methods=["GET"],
            response_model=list[PredefinedVoice],
            summary="Predefined voices",
        )
        add("/get_reference_files", self.references, methods=["GET"], response_model=list[str], summary="Recordings")
        add("/v1/audio/voices", self.voices, methods=["GET"], response_model=ListedVoices, summary="Voices")
        add("/api/ui/initial-data", self.initial, methods=["GET"], response_model=InitialData, summary="All at once")

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def predefined(self, request: Request) -> list[PredefinedVoice]:
        """Recordings that are predefined voices, then the voices of this server's engines."""
        return await self._voices.predefined(principal_of(request).permission)

    @policy(RouteKind.USE, role=Role.READ)
    async def references(self, request: Request) -> list[str]:
        """Recordings that the caller may have cloned."""
        return await self._voices.references(principal_of(request).viewer)

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def voices(self, request: Request, model: str | None = None) -> ListedVoices:
        """The predefined voices in the form that OpenAI's clients read."""
        found = await self._voices.predefined(principal_of(request).permission)
        return ListedVoices(
            voices=[ListedVoice(id=each.filename, name=each.display_name, **each.model_dump()) for each in found]
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def initial(self, request: Request) -> InitialData:
        permission = principal_of(request).permission
        model = await self._model.info(permission)
        return InitialData(
            config=self._configuration(model.type, model.device),
            reference_files=await self._voices.references(permission.viewer),
            predefined_voices=await self._voices.predefined(permission),
            initial_gen_result=dict.fromkeys(RESULT),
            model_info=model,
        )

    def _configuration(self, model: str, device: str) -> dict[str, Any]:
        """The part of that system's configuration that speech depends on; paths are not told."""
        output = self._listener.output()
        defaults = {"temperature": 0.8, "exaggeration": 0.5, "cfg_weight": 0.5, "seed": 0, "speed_factor": 1.0}
        known = {name: output.parameters.get(name, value) for name, value in defaults.items()}
        return {
            "server": {"host": self._listener.host, "port": self._listener.port},
            "model": {"repo_id": model},
            "tts_engine": {"device": device, "default_voice_id": output.voice},
            "generation_defaults": {**known, "language": output.language or "en"},
            "audio_output": {"format": output.format, "sample_rate": output.sample_rate},
            "ui_state": {},
            "ui": {},
        }
