"""POST /v1/text-to-dialogue and /stream: several voices in one file, each turn a passage of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query as QueryOf
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from routers.compat.elevenlabs.output_formats import read_output_format
from routers.compat.elevenlabs.schemas import Name, Query
from routers.compat.elevenlabs.speaking import Speaking, Wanted
from routers.compat.elevenlabs.speech import STAND_IN, told_cost
from routers.core.tts import AUDIO
from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.answer import Headers
from routers.http.deferred_route import deferred_router
from routers.http.lenient_fields import LenientFields
from routers.http.names import LanguageTag
from routers.http.operation import operation_context, principal_of
from routers.http.passages import PassageSpeech
from routers.http.speech import Chunks, collected_speech, streamed_speech
from routers.http.telephone import in_law
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.context import Priority, RequestContext
from stts.errors import InvalidText, TextTooLong
from stts.text.passages import MOST_PASSAGES, Passage, Passages

PATH = "/v1/text-to-dialogue"
MOST_VOICES = 10
"""Voices of one dialogue, as at the hosted service."""
PAUSE_SECONDS = 0.3
"""Silence between two speakers."""


class DialogueInput(BaseModel):
    text: Annotated[str, Field(max_length=TEXT_FIELD_CHARACTERS)]
    voice_id: Name


class DialogueBody(LenientFields):
    """`settings` are parameters of the engines that have them; fields beyond these are accepted and change nothing."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    inputs: Annotated[list[DialogueInput], Field(min_length=1, max_length=MOST_PASSAGES)]
    model_id: Name | None = None
    language_code: LanguageTag = None
    settings: dict[str, Any] = Field({}, max_length=20)
    seed: int | None = Field(None, ge=0, le=2**32 - 1)

    def check(self) -> None:
        """Raises InvalidText."""
        if len({each.voice_id for each in self.inputs}) > MOST_VOICES:
            raise InvalidText(f"A dialogue has at most {MOST_VOICES} voices.", param="inputs")
        if not any(each.text.strip() for each in self.inputs):
            raise InvalidText("There is nothing to say in the inputs.", param="inputs")


class DialogueRoutes:
    def __init__(self, services: Services, speaking: Speaking) -> None:
        self._speaking = speaking
        self._speak = services.speak
        self._reserve = services.reserve_ahead
        self._plan = services.selection.planned
        self.router = deferred_router("ElevenLabs")
        for path, route, summary in (
            (PATH, self.convert, "Speak a dialogue"),
            (f"{PATH}/stream", self.stream, "Speak a dialogue as it is made"),
        ):
            self.router.add_api_route(
                path, route, methods=["POST"], response_class=Response, responses=AUDIO, summary=summary
            )

    @policy(RouteKind.USE, operates=True)
    async def convert(self, body: DialogueBody, query: Annotated[Query, QueryOf()], request: Request) -> Response:
        """One file, with its length."""
        chunks, context, headers = await self._spoken(body, query, request, Priority.COLLECTED)
        return collected_speech(chunks, context, headers)

    @policy(RouteKind.USE, operates=True)
    async def stream(self, body: DialogueBody, query: Annotated[Query, QueryOf()], request: Request) -> Response:
        chunks, context, headers = await self._spoken(body, query, request, Priority.STREAM)
        return streamed_speech(chunks, context, headers)

    async def _spoken(
        self, body: DialogueBody, query: Query, request: Request, priority: Priority
    ) -> tuple[Chunks, RequestContext, Headers]:
        body.check()
        if (characters := sum(len(each.text) for each in body.inputs)) > self._speaking.most_characters:
            limit = self._speaking.most_characters
            raise TextTooLong(f"The dialogue is longer than the limit of {limit} characters.", param="inputs")
        permission = principal_of(request).permission
        voices: dict[str, str | None] = {}
        for voice_id in (each.voice_id for each in body.inputs):
            if voice_id in voices:
                continue
            wanted = Wanted(
                voice_id=voice_id,
                output_format=query.output_format,
                model_id=body.model_id,
                language=body.language_code,
                seed=body.seed,
                parameters=body.settings,
            )
            config = await self._speaking.config(wanted, permission)
            voices[voice_id] = config.voice

        def context_of(characters: int) -> RequestContext:
            context = operation_context(request, "tts", characters=characters, format=config.format, priority=priority)
            if not query.enable_logging:
                context.input_data.cache = "none"
            return context

        context = context_of(characters)
        if any(map(self._speaking.ids.is_stood_in_for, voices)):
            context.warn(STAND_IN)
        format = read_output_format(query.output_format)
        config = replace(config, voice=None)  # each passage names its own
        passages = _passages(body.inputs, voices)
        speech = PassageSpeech(
            self._speak,
            self._plan,
            context,
            context_of,
            passages,
            config,
            reserve=self._reserve,
            sample_rate=format.sample_rate,
        )
        chunks = speech.chunks()
        return chunks if format.law is None else in_law(chunks, format.law, context), context, told_cost(context)


def _passages(inputs: list[DialogueInput], voices: dict[str, str | None]) -> Passages:
    spoken: list[Passage] = []
    before: str | None = None
    for each in inputs:
        if not (text := each.text.strip()):
            continue
        pause = PAUSE_SECONDS if spoken and before != each.voice_id else 0.0
        spoken.append(Passage(text, voices[each.voice_id], pause=pause))
        before = each.voice_id
    return Passages(spoken)
