"""POST /tts and POST /api/tts: a text in the voice of a recording, as a whole WAV."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import Request, Response

from adapters.descriptions import EngineDescription
from adapters.preloading import load_each
from middleware.listener import ListenerSettings
from routers.compat.tts_discord.references import References
from routers.compat.tts_discord.schemas import PARAMETERS, SpeechFields
from routers.http.cloning import CLONED, Cloners
from routers.http.deferred_route import deferred_router
from routers.http.engine_parameters import accepted
from routers.http.listener_speech import check_length
from routers.http.operation import operation_context, principal_of
from routers.http.speech import whole_speech
from routers.services import Services
from stts.access.permission import EVERYTHING, Permission
from stts.access.policy import RouteKind, policy
from stts.context import Priority, RequestContext
from stts.engine_api import Voice
from stts.engine_state import AUTO
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig

TURBO = "chatterbox_turbo"
TAGS = re.compile(r"[ \t]*\[(?:laugh|chuckle|sigh|gasp|cough|clear throat|sniff|groan|shush)\]", re.IGNORECASE)
"""Tags that Turbo speaks; other engines would read them out."""
ATTACHMENT = {"content-disposition": "attachment; filename=out.wav"}
WAV: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/wav": {}}, "description": "The audio."}}


class SpeechRoutes:
    def __init__(self, services: Services, listener: ListenerSettings, references: References) -> None:
        self._speak = services.speak
        self._engines = services.engines
        self._output = listener.output
        self._references = references
        self._cloners = Cloners(services.engines, services.settings)
        self.router = deferred_router("TTS Discord System")
        for path in ("/tts", "/api/tts"):
            self.router.add_api_route(
                path, self.speak, methods=["POST"], response_class=Response, responses=WAV, summary="Speak a text"
            )

    @policy(RouteKind.USE, operates=True)
    async def speak(self, fields: SpeechFields, request: Request) -> Response:
        """Tags such as `[laugh]` are the engine's; `X-Voice-Cloned` says whether the voice is that of the file."""
        check_length(fields.text, self._output())
        permission = principal_of(request).permission
        engine = await self.cloner(permission)
        taken = await self._references.take(fields.voice, voice=engine is not None)
        context = operation_context(
            request, "tts", characters=len(fields.text), format="wav", priority=Priority.COLLECTED
        )
        config = await self._config(fields, engine, taken.voice, permission, context)
        text = fields.text if config.speaker and engine and _is_turbo(engine) else without_tags(fields.text)
        headers = {**ATTACHMENT, CLONED: "true" if config.speaker is not None else "false"}
        return whole_speech(self._speak(context, SpeechRequest(text, config)), context, lambda: headers)

    async def cloner(self, permission: Permission) -> EngineDescription | None:
        """The engine that clones here: the listener's, else Chatterbox Turbo, else any."""
        own = self._output().engine
        return await self._cloners.first((own, TURBO) if own != AUTO else (TURBO,), permission)

    async def preload(self) -> None:
        """Loads the engine that clones, so that no client gives up before its first answer."""
        engine = await self.cloner(EVERYTHING)
        if engine is not None:
            await load_each(self._engines, [engine.name])

    async def other(self, permission: Permission) -> str:
        """The engine that speaks with another voice, where none clones."""
        return await self._cloners.other(permission)

    async def _config(
        self,
        fields: SpeechFields,
        engine: EngineDescription | None,
        voice: Voice | None,
        permission: Permission,
        context: RequestContext,
    ) -> SynthesisConfig:
        output = self._output()
        config = SynthesisConfig(
            language=fields.language or output.language,
            format="wav",
            sample_rate=output.sample_rate,
            permission=permission,
        )
        if engine is None or voice is None:
            return await self._cloners.with_another_voice(config, output.voice, context)
        return replace(
            config,
            engine=engine.name,
            voice=voice.id,
            speaker=voice,
            parameters=_parameters(fields, output.parameters, engine, context),
            ignore_unknown_parameters=True,
        )


def without_tags(text: str) -> str:
    """A text of nothing but tags stays, since something is to be said."""
    return TAGS.sub("", text).strip() or text


def _is_turbo(engine: EngineDescription) -> bool:
    """True if it has Turbo's parameters."""
    return PARAMETERS.keys() <= engine.parameters.model_fields.keys()


def _parameters(
    fields: SpeechFields, defaults: Mapping[str, Any], engine: EngineDescription, context: RequestContext
) -> Mapping[str, Any]:
    """All of them for Turbo. To another engine the defaults, which are Turbo's, would mean something else: it gets what
    the client has said, as far as it has such a parameter."""
    if _is_turbo(engine):
        return fields.parameters(defaults)
    return accepted(engine.parameters, fields.said(), context.warn)
