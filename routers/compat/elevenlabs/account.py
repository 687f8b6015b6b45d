"""GET /v1/models, /v1/user and /v1/user/subscription: what a client asks before it speaks."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fastapi import Request
from pydantic import BaseModel, Field

from routers.compat.elevenlabs.speaking import Speaking
from routers.compat.elevenlabs.voice_ids import MODEL_PREFIX
from routers.http.deferred_route import deferred_router
from routers.http.operation import network_of, principal_of
from routers.services import Services
from stts.access.limits import limits_of
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.errors import DatabaseAway
from stts.language_names import NAMES
from stts.languages import primary

HOSTED_MODELS = tuple(f"{MODEL_PREFIX}{name}" for name in ("multilingual_v2", "turbo_v2_5", "flash_v2_5", "v3"))
"""Models that clients name most; the engine that fits a text speaks for each."""
UNBOUNDED = 2**31 - 1
"""Told where the caller has no quota of characters."""


class Language(BaseModel):
    language_id: str
    name: str


class ModelShape(BaseModel):
    model_id: str
    name: str
    description: str
    can_do_text_to_speech: bool = True
    can_do_voice_conversion: bool = False
    can_be_finetuned: bool = False
    can_use_style: bool = False
    can_use_speaker_boost: bool = False
    serves_pro_voices: bool = False
    token_cost_factor: float = 1.0
    requires_alpha_access: bool = False
    maximum_text_length_per_request: int
    max_characters_request_free_user: int
    max_characters_request_subscribed_user: int
    languages: list[Language]


class Subscription(BaseModel):
    tier: str = "self_hosted"
    status: str = "active"
    character_count: int = Field(description="Used, where the caller has a quota of characters.")
    character_limit: int = Field(description=f"The quota; {UNBOUNDED} where there is none.")
    next_character_count_reset_unix: int | None = None
    can_extend_character_limit: bool = False
    allowed_to_extend_character_limit: bool = False
    voice_limit: int = UNBOUNDED
    voice_slots_used: int = 0
    professional_voice_limit: int = 0
    professional_voice_slots_used: int = 0
    can_extend_voice_limit: bool = False
    can_use_instant_voice_cloning: bool = True
    can_use_professional_voice_cloning: bool = False
    open_invoices: list[Any] = []
    has_open_invoices: bool = False


class User(BaseModel):
    user_id: str
    workspace_id: str = "stts-server"
    subscription: Subscription
    is_new_user: bool = False
    can_use_delayed_payment_methods: bool = False
    is_onboarding_completed: bool = True
    is_onboarding_checklist_completed: bool = True
    is_api_key_hashed: bool = True
    first_name: str | None = None
    created_at: int = 0
    seat_type: str = "workspace_member"


class AccountRoutes:
    def __init__(self, services: Services, speaking: Speaking) -> None:
        self._engines = services.engines
        self._quotas = services.access.quotas
        self._settings = services.settings
        self._speaking = speaking
        self.router = deferred_router("ElevenLabs")
        add = self.router.add_api_route
        add("/v1/models", self.models, methods=["GET"], response_model=list[ModelShape], summary="Models")
        add("/v1/user", self.user, methods=["GET"], response_model=User, summary="Who am I")
        path = "/v1/user/subscription"
        add(path, self.subscription, methods=["GET"], response_model=Subscription, summary="What is left")

    @policy(RouteKind.USE, role=Role.READ)
    async def models(self) -> list[ModelShape]:
        """Names of the hosted service first, then the engines by their own."""
        engines = {each.name: each for each in self._engines.descriptions("tts") if each.installed}
        every = [tag for each in engines.values() for tag in each.info.languages]
        hosted = [self._model(name, "The engine that fits the text.", every) for name in HOSTED_MODELS]
        own = [
            self._model(name, engines[name].info.description, engines[name].info.languages)
            if name in engines
            else self._model(name, "The engine that fits the text.", every)
            for name in self._speaking.ids.names()
            if name not in HOSTED_MODELS
        ]
        return hosted + own

    @policy(RouteKind.USE, role=Role.READ)
    async def user(self, request: Request) -> User:
        key = principal_of(request).key
        return User(
            user_id=(key.user_id if key is not None else None) or "server",
            subscription=await self.subscription(request),
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def subscription(self, request: Request) -> Subscription:
        """The narrowest quota of characters that counts for the caller."""
        wanted = limits_of(principal_of(request), network_of(request), self._settings().quotas).amounts
        with suppress(DatabaseAway):
            await self._quotas.look(wanted)
        standings = [each for each in self._quotas.standings(wanted) if each.allowance.unit == "characters"]
        if not standings:
            return Subscription(character_count=0, character_limit=UNBOUNDED)
        least = min(standings, key=lambda each: each.left)
        most = int(least.allowance.most)
        return Subscription(character_count=max(0, most - int(least.left)), character_limit=most)

    def _model(self, name: str, description: str, tags: Any) -> ModelShape:
        most = self._speaking.most_characters
        names = {code: language.title() for language, code in NAMES.items()}
        codes = dict.fromkeys(primary(tag) for tag in tags)
        return ModelShape(
            model_id=name,
            name=name,
            description=description,
            maximum_text_length_per_request=most,
            max_characters_request_free_user=most,
            max_characters_request_subscribed_user=most,
            languages=[Language(language_id=code, name=names.get(code, code)) for code in codes],
        )
