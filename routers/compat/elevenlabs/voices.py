"""GET /v1/voices, /v2/voices and one voice: the voices of this server as ElevenLabs' clients parse them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from pydantic import BaseModel, Field

from adapters.descriptions import OfferedVoice
from routers.compat.elevenlabs.voice_ids import PREMADE, VoiceIds
from routers.http.deferred_route import deferred_router
from routers.http.names import NAME_CHARACTERS
from routers.http.operation import principal_of
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.access.viewer import Viewer
from stts.errors import UnknownVoice
from stts.languages import primary

MOST_A_PAGE = 100
Word = Annotated[str, Query(max_length=NAME_CHARACTERS)]


class Settings(BaseModel):
    """Those of the hosted service by default; engines that have none of these parameters ignore them."""

    stability: float = 0.5
    similarity_boost: float = 0.75
    style: float = 0.0
    use_speaker_boost: bool = True
    speed: float = 1.0


class VoiceShape(BaseModel):
    voice_id: str = Field(description="What stands in the path of a speech.")
    name: str
    category: Literal["premade", "cloned", "generated"] = Field(
        description="`cloned`: a stored recording; `generated`: a blend."
    )
    labels: dict[str, str]
    description: str | None = None
    preview_url: str | None = None
    samples: list[Any] | None = None
    settings: Settings | None = None
    available_for_tiers: list[str] = []
    high_quality_base_model_ids: list[str] = Field(description="Models that speak with it.")
    verified_languages: list[dict[str, str]]
    is_owner: bool = False
    is_legacy: bool = False
    is_mixed: bool = False


class VoiceList(BaseModel):
    voices: list[VoiceShape]


class VoicePage(VoiceList):
    has_more: bool
    total_count: int
    next_page_token: str | None


class VoiceRoutes:
    def __init__(self, services: Services, ids: VoiceIds) -> None:
        self._engines = services.engines
        self._ids = ids
        self.router = deferred_router("ElevenLabs")
        add = self.router.add_api_route
        add("/v1/voices", self.listing, methods=["GET"], response_model=VoiceList, summary="Voices")
        add("/v2/voices", self.search, methods=["GET"], response_model=VoicePage, summary="Voices, page by page")
        default = "/v1/voices/settings/default"
        add(default, self.default_settings, methods=["GET"], response_model=Settings, summary="Default settings")
        add("/v1/voices/{voice_id}", self.show, methods=["GET"], response_model=VoiceShape, summary="One voice")
        one = "/v1/voices/{voice_id}/settings"
        add(one, self.settings, methods=["GET"], response_model=Settings, summary="Settings of one voice")

    @policy(RouteKind.USE, role=Role.READ)
    async def listing(self, request: Request) -> VoiceList:
        return VoiceList(voices=await self._known(principal_of(request).viewer))

    @policy(RouteKind.USE, role=Role.READ)
    async def search(
        self,
        request: Request,
        search: Word = "",
        category: Word = "",
        voice_ids: Annotated[list[Word] | None, Query(max_length=MOST_A_PAGE)] = None,
        page_size: Annotated[int, Query(ge=1, le=MOST_A_PAGE)] = 10,
        next_page_token: Annotated[str, Query(pattern=r"^\d{0,9}$")] = "",
    ) -> VoicePage:
        """`search` looks into names, labels and ids. The token of a page is where it begins."""
        wanted = search.casefold()
        found = [
            each
            for each in await self._known(principal_of(request).viewer)
            if _has(each, wanted) and category in ("", each.category) and (not voice_ids or each.voice_id in voice_ids)
        ]
        start = int(next_page_token or 0)
        end = start + page_size
        more = end < len(found)
        return VoicePage(
            voices=found[start:end],
            has_more=more,
            total_count=len(found),
            next_page_token=str(end) if more else None,
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def default_settings(self) -> Settings:
        return Settings()

    @policy(RouteKind.USE, role=Role.READ)
    async def show(self, voice_id: Annotated[str, Path(max_length=NAME_CHARACTERS)], request: Request) -> VoiceShape:
        """Also one of the hosted service, for which another speaks here."""
        return await self._one(voice_id, principal_of(request).viewer)

    @policy(RouteKind.USE, role=Role.READ)
    async def settings(self, voice_id: Annotated[str, Path(max_length=NAME_CHARACTERS)], request: Request) -> Settings:
        await self._one(voice_id, principal_of(request).viewer)
        return Settings()

    async def _one(self, voice_id: str, viewer: Viewer) -> VoiceShape:
        name = self._ids.voice(voice_id)
        found = next((each for each in await self._known(viewer) if each.voice_id == name), None)
        if found is not None:
            return found.model_copy(update={"voice_id": voice_id, "settings": Settings()})
        if (gender := PREMADE.get(voice_id)) is None:
            raise UnknownVoice("A voice with this voice_id was not found.", param="voice")
        return _shape(voice_id, voice_id, "", {"gender": gender}, (), ())

    async def _known(self, viewer: Viewer) -> list[VoiceShape]:
        """Each id once: where several engines have a voice of the same id, that of the first."""
        known: dict[str, VoiceShape] = {}
        for each in await self._engines.voices(viewer=viewer):
            if each.engine.installed:
                known.setdefault(each.voice.id, _offered(each))
        return list(known.values())


def _offered(each: OfferedVoice) -> VoiceShape:
    voice, engine = each.voice, each.engine.name
    languages = voice.languages or each.engine.info.languages
    labels = {"engine": engine, "gender": voice.gender, "language": primary(languages[0]) if languages else ""}
    shape = _shape(voice.id, each.name, voice.reference or "", labels, languages, (engine,))
    return shape.model_copy(update={"category": "generated"}) if each.blend else shape


def _shape(
    id: str, name: str, reference: str, labels: dict[str, str], languages: Sequence[str], models: Sequence[str]
) -> VoiceShape:
    return VoiceShape(
        voice_id=id,
        name=name,
        category="cloned" if reference else "premade",
        labels={label: value for label, value in labels.items() if value},
        high_quality_base_model_ids=[*models],
        verified_languages=[
            {"language": primary(tag), "locale": tag, "model_id": model} for tag in languages[:3] for model in models
        ],
    )


def _has(voice: VoiceShape, wanted: str) -> bool:
    return not wanted or any(wanted in each.casefold() for each in (voice.name, voice.voice_id, *voice.labels.values()))
